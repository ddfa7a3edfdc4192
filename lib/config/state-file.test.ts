import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  isSameProcess,
  processIdentity,
  readStateAsWritten,
  readStateFile,
  removeStateFile,
  type StackState,
  writeStateFile,
} from './state-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'freshet-state-'));
afterAll(() => rmSync(dir, { recursive: true }));

const guardedBy = (guard: StackState['processes'][string]): StackState => ({
  mode: 'processes',
  addresses: {
    kafkaBrokers: '127.0.0.1:9092',
    registryUrl: 'http://127.0.0.1:8081/apis/ccompat/v7',
    redisUrl: 'redis://127.0.0.1:6379',
  },
  processes: { guard },
  dataDir: '/data',
});

test('what is written is read back, until it is removed', () => {
  const path = join(dir, 'new-folder', 'stack.json');
  const state = guardedBy(processIdentity(process.pid));
  writeStateFile(state, path);
  expect(readStateFile(path)).toEqual(state);
  removeStateFile(path);
  expect(existsSync(path)).toBe(false);
  expect(readStateFile(path)).toBeUndefined();
});

test('a stack whose guard has died is not there, but can still be cleaned up after', () => {
  const path = join(dir, 'dead.json');
  const state = guardedBy({ pid: process.pid, startedAt: 'long ago' });
  writeStateFile(state, path);
  expect(readStateFile(path)).toBeUndefined();
  expect(readStateAsWritten(path)).toEqual(state);
});

test.each(['', '{', '[]', '{"mode":"processes"}'])(
  'a state file holding %j is no stack',
  (text) => {
    const path = join(dir, 'broken.json');
    writeFileSync(path, text);
    expect(readStateFile(path)).toBeUndefined();
  },
);

test('a process is itself only with its own start time', () => {
  const own = processIdentity(process.pid);
  expect(isSameProcess(own)).toBe(true);
  expect(isSameProcess({ ...own, startedAt: `${own.startedAt}0` })).toBe(false);
  expect(isSameProcess({ pid: 2 ** 30, startedAt: own.startedAt })).toBe(false);
  expect(isSameProcess(undefined)).toBe(false);
});
