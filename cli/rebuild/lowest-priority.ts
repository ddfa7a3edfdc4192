import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const { PRIORITY_LOW } = constants.priority;
const ownThreads = '/proc/self/task';

/**
 * Whether a command may take all that is left of a machine, but not what answers need. Of many
 * processes that fill another set of topics each has to keep up.
 */
export const givesWay = ([command, ...words]: readonly string[]): boolean =>
  command === 'rebuild' && !words.some((word) => /^--partitions(=|$)/.test(word));

/**
 * Everything else on the machine goes before this process. Linux holds a priority per thread, and
 * the threads that compile and collect garbage are there before anybody can ask: each is named.
 */
export function takeLowestPriority(): void {
  setPriority(PRIORITY_LOW);
  for (const thread of threads())
    try {
      setPriority(Number(thread), PRIORITY_LOW);
    } catch {
      // It has ended meanwhile.
    }
}

/** None where the system does not list them: there a priority is the whole process's. */
function threads(): string[] {
  try {
    return readdirSync(ownThreads);
  } catch {
    return [];
  }
}
