/**
 * `npm run simulate -- --schedules N --seed S [--mode safety|liveness]`: runs the runner in a world
 * where a seed decides what happens next, and says which seed went wrong. With `--schedules 1` and
 * that seed the same schedule happens again; `--trace` tells it step by step.
 */
import { parseArgs } from 'node:util';

import { monotonicMs } from '../../lib/clock.ts';
import { type Simulated, simulateOnThreads } from './pool.ts';
import { type Mode, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    mode: { type: 'string' },
    threads: { type: 'string', default: '2' },
    trace: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const wholeNumber = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  return usage(`--${name} is a whole number, not ${text}`);
};

function usage(wrong: string): never {
  console.error(wrong);
  process.exit(2);
}

const modes: readonly (string | undefined)[] = ['safety', 'liveness', undefined];
if (!modes.includes(values.mode)) usage(`--mode is safety or liveness, not ${values.mode}`);
const mode = (values.mode ?? null) as Mode | null;
const schedules = wholeNumber('schedules', values.schedules);
const threads = wholeNumber('threads', values.threads);
const seed =
  values.seed === undefined
    ? Math.floor(Math.random() * 2 ** 30)
    : wholeNumber('seed', values.seed);

const startedMs = monotonicMs();
const done: Simulated =
  values.trace || threads < 2
    ? await simulate({ seed, schedules, mode, traced: values.trace })
    : await simulateOnThreads({ seed, schedules, mode }, threads);
const seconds = Number(((monotonicMs() - startedMs) / 1_000).toFixed(1));
report(done);
process.exitCode = done.failed === null ? 0 : 1;

function report({ schedules: fine, steps, failed }: Simulated): void {
  if (values.json) {
    const { trace: _trace, ...short } = failed ?? { trace: [] };
    const told = { seed, schedules: fine, steps, seconds, failed: failed === null ? null : short };
    console.log(JSON.stringify(told));
    return;
  }
  if (failed === null) {
    console.log(`${fine} schedules from seed ${seed}, ${steps} steps, ${seconds} s: nothing wrong`);
    return;
  }
  for (const line of failed.trace) console.log(line);
  console.log(`seed ${failed.seed} (${failed.mode}), step ${failed.steps}: ${failed.violation}`);
  const again = `npm run simulate -- --schedules 1 --seed ${failed.seed} --mode ${failed.mode}`;
  console.log(`again: ${again} --trace`);
}
