import { expect, test } from 'vitest';

import { MemoryWatch } from './memory-watch.ts';

const minute = 60_000;

class FakeWorker {
  running = true;
  frozen = false;
  pid = 1;
  mb: number | null = 100;
  residentMb = (): number | null => this.mb;
}

test('a process is a line of its own, from a minute after it is first seen', () => {
  const worker = new FakeWorker();
  const watch = new MemoryWatch([worker]);
  worker.mb = 1;
  watch.take(0);
  for (let at = 1; at <= 31; at += 1) {
    worker.mb = 100 + at;
    watch.take(at * minute);
  }
  worker.pid = 2;
  worker.mb = 900;
  watch.take(32 * minute);
  watch.take(33 * minute);
  expect(watch.report()).toEqual({
    memory_mb_per_hour: 60,
    memory_mb_max: 900,
    memory_longest_minutes: 30,
    memory_longest_mb_first: 103,
    memory_longest_mb_last: 130,
  });
});

test('who is frozen, gone or ended says nothing', () => {
  const worker = new FakeWorker();
  const watch = new MemoryWatch([worker]);
  const looks = [{}, {}, { frozen: true, mb: 700 }, { running: false, mb: 800 }, { mb: null }];
  for (const [at, look] of looks.entries()) {
    Object.assign(worker, { frozen: false, running: true, mb: 100 }, look);
    watch.take(at * minute);
  }
  expect(watch.report()).toMatchObject({ memory_mb_max: 100, memory_longest_minutes: 0 });
});
