import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second for whoever reads /proc. */
const ticksPerSecond = 100;

/**
 * CPU time of a process so far, user and system, all its threads, and its children that have ended
 * (Redis forks to rewrite its log).
 */
export function cpuSeconds(pid: number): number {
  if (process.platform === 'linux') return ownCpuSeconds(pid) + childrenCpuSeconds(pid);
  return clockSeconds(
    execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim(),
  );
}

const ownCpuSeconds = (pid: number): number => statSeconds(pid, 11);

/** Of children that have ended; 0 where the system does not say. */
export const childrenCpuSeconds = (pid: number): number =>
  process.platform === 'linux' ? statSeconds(pid, 13) : 0;

/** User and system time: two fields of /proc/<pid>/stat, counted after the name in brackets. */
function statSeconds(pid: number, at: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return (Number(fields[at]) + Number(fields[at + 1])) / ticksPerSecond;
}

/** `[[days-]hours:]minutes:seconds`, as ps prints it. */
export function clockSeconds(text: string): number {
  const [days, clock] = text.includes('-') ? text.split('-') : ['0', text];
  const seconds = (clock ?? '').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number(days) * 86_400 + seconds;
}

/** Resident memory now and at its highest. */
export function residentMb(pid: number): { readonly now: number; readonly peak: number } {
  if (process.platform === 'linux') {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mb = (name: string): number =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
    return { now: mb('VmRSS'), peak: mb('VmHWM') };
  }
  const kb = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
  return { now: Math.round(kb / 1024), peak: Math.round(kb / 1024) };
}
