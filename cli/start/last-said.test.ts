import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { lastSaid } from './last-said.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-said-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log = (text: string): string => {
  const file = join(folder, 'services.log');
  writeFileSync(file, text);
  return file;
};

test('of a log the last sentence of the process is found, also at the end of much else', () => {
  const much = '{"level":30,"msg":"paused"}\n'.repeat(10_000);
  expect(lastSaid(log(`freshet: first\n${much}freshet: the log was deleted: reset\n{}\n`))).toBe(
    'the log was deleted: reset',
  );
});

test('a log without one, or none at all, says nothing', () => {
  expect(lastSaid(log('{"level":30}\n'))).toBeNull();
  expect(lastSaid(log(''))).toBeNull();
  expect(lastSaid(join(folder, 'none.log'))).toBeNull();
});
