import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { givesWay } from './lowest-priority.ts';

// In a process of its own: a priority that was given away cannot be taken back.
const printsPriorities = `
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { takeLowestPriority } from ${JSON.stringify(join(import.meta.dirname, 'lowest-priority.ts'))};
takeLowestPriority();
const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [];
console.log(JSON.stringify([0, ...threads].map((thread) => getPriority(thread))));
`;

test('every thread of the process has the lowest priority', () => {
  const words = ['--input-type=module', '-e', printsPriorities];
  const printed = execFileSync(process.execPath, words, { encoding: 'utf8' });
  const priorities = JSON.parse(printed) as number[];
  if (process.platform === 'linux') expect(priorities.length).toBeGreaterThan(2);
  expect(new Set(priorities)).toEqual(new Set([constants.priority.PRIORITY_LOW]));
});

test('a rebuild gives way from its first line on, but not where it fills a set of topics', () => {
  expect(givesWay(['rebuild', 'user-features', '--no-switch'])).toBe(true);
  expect(givesWay(['rebuild', '--partitions', '8'])).toBe(false);
  expect(givesWay(['rebuild', '--partitions=8'])).toBe(false);
  expect(givesWay(['run', 'rebuild'])).toBe(false);
});
