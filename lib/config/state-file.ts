/**
 * Where a running stack says how to reach it, and which processes it consists of. `freshet up` and
 * `freshet start` write the file; every other command finds the stack by it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Where the project lies, whatever the current folder is. */
export const projectDir = fileURLToPath(new URL('../../', import.meta.url));

/** Everything that a stack writes, unless a command says otherwise. Ignored by git. */
export const defaultDataDir = join(projectDir, '.freshet');

export const defaultStateFile = join(defaultDataDir, 'stack.json');

/** A process number alone may since have gone to another program. */
const processSchema = z.object({ pid: z.number().int().positive(), startedAt: z.string() });

const stateSchema = z.object({
  mode: z.enum(['outside', 'containers', 'processes']),
  addresses: z.object({
    kafkaBrokers: z.string(),
    registryUrl: z.string(),
    redisUrl: z.string(),
    prometheusUrl: z.string().exactOptional(),
  }),
  /** By part; `guard` is the one whose end ends all others. */
  processes: z.record(z.string(), processSchema),
  dataDir: z.string(),
  /** What its services were started with and commands must know, where the environment is silent. */
  settings: z.record(z.string(), z.string()).exactOptional(),
  /** Where the service `metrics` answers, if whoever started the stack runs the services too. */
  metricsUrl: z.string().exactOptional(),
});

export type ProcessIdentity = Readonly<z.infer<typeof processSchema>>;
export type StackState = Readonly<z.infer<typeof stateSchema>>;

/** The state of a stack that is there, or undefined: one whose guard has died is not. */
export function readStateFile(path: string = defaultStateFile): StackState | undefined {
  const state = readStateAsWritten(path);
  const guard = state?.processes['guard'];
  return guard !== undefined && !isSameProcess(guard) ? undefined : state;
}

/** The same without asking whether that stack still lives: for `down`, which cleans up after it. */
export function readStateAsWritten(path: string = defaultStateFile): StackState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    // Written by another version, or by hand: as good as none, and `up` writes a new one.
    return undefined;
  }
}

/** By one rename: no reader ever sees half a file. */
export function writeStateFile(state: StackState, path: string = defaultStateFile): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  // An address may hold a password.
  writeFileSync(fresh, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, path);
}

export function removeStateFile(path: string = defaultStateFile): void {
  rmSync(path, { force: true });
}

/** When a living process started, in the system's own words; undefined if there is none. */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // Past the name, which is in brackets and may hold anything: state first, start time 20th.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
      return fields?.[0] === 'Z' || fields?.[0] === 'X' ? undefined : fields?.[19];
    }
    const said = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return said.trim() || undefined;
  } catch {
    return undefined;
  }
}

export function processIdentity(pid: number): ProcessIdentity {
  return { pid, startedAt: processStart(pid) ?? '' };
}

/** Whether the process that was once written down is the one that has this number now. */
export function isSameProcess(identity: unknown): boolean {
  const written = processSchema.safeParse(identity);
  return written.success && processStart(written.data.pid) === written.data.startedAt;
}
