import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '../lib/clock.ts';
import { StackError } from './errors.ts';
import type { Guardian } from './guardian.ts';

/** A local process of the stack: how to start it, and how to know that it serves. */
export interface LocalPart {
  /** Key of its pid: the part's name, with a number for the second and third broker. */
  readonly name: string;
  /** For messages. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly logFile: string;
  readonly answers: () => Promise<boolean>;
}

/** Ten times what it takes, for machines that are busy with other things. */
const readyMsMax = 180_000;
const pollMs = 50;

export async function spawnPart(
  guardian: Guardian,
  part: LocalPart,
  append: boolean,
): Promise<number> {
  const { name, command, args, dir, logFile } = part;
  return guardian.spawn({ name, command, args, cwd: dir, logFile, append });
}

/** Returns once the part serves; throws with its own last words if it ends or takes too long. */
export async function awaitReady(guardian: Guardian, part: LocalPart): Promise<void> {
  const deadline = monotonicMs() + readyMsMax;
  while (!(await part.answers())) {
    if (guardian.exitOf(part.name) !== undefined) throw notStarted(part, 'did not start');
    if (monotonicMs() > deadline)
      throw notStarted(part, `is not ready after ${readyMsMax / 1000} s`);
    await pause(pollMs);
  }
  // The answer may have come from another program on that port.
  if (guardian.exitOf(part.name) !== undefined) throw notStarted(part, 'did not start');
}

function notStarted(part: LocalPart, what: string): StackError {
  const reason = reasonIn(readFileSync(part.logFile, 'utf8'));
  const cure = /in use/i.test(reason)
    ? 'run the command again: it will choose another port'
    : `read ${part.logFile}; if its data is damaged, npx freshet down --delete`;
  return new StackError(`${part.title} ${what}: ${reason}.`, cure);
}

/** The line of a log that says why: a taken port, an exception, a complaint, or else the last. */
export function reasonIn(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  const reason =
    lines.find((line) => /address already in use/i.test(line)) ??
    lines.findLast((line) => line.startsWith('Caused by: ')) ??
    lines.find((line) => /^[\w.$]+(Exception|Error): /.test(line)) ??
    lines.find((line) => /ERROR|FATAL|Exception|# |failed|cannot/i.test(line)) ??
    lines.at(-1) ??
    'it said nothing';
  return reason
    .replace(/^\[[^\]]*\] |^Caused by: /, '')
    .replace(/\.\s*$/, '')
    .slice(0, 250);
}
