import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { makeWritable } from './folders.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-folders-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a folder of the stack', () => {
  test('is made with those above it, and may be there already', () => {
    const deep = join(folder, 'a', 'b', 'c');
    makeWritable(deep);
    makeWritable(deep);
    expect(existsSync(deep)).toBe(true);
  });

  test('is refused below a file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeWritable(join(folder, 'file', 'logs'))).toThrow(
      /^cannot write .*: a part of it is a file\. Cure: .*--data-dir$/,
    );
  });

  test.runIf(existsSync('/proc/self'))('is refused where the system makes none', () => {
    expect(() => makeWritable('/proc/freshet/logs')).toThrow(/^cannot write \/proc\/freshet\/logs/);
  });
});
