import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { servingConfig } from './config.ts';

const dir = mkdtempSync(join(tmpdir(), 'freshet-serving-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const fileWith = (text: string): string => {
  const file = join(dir, `${text.length}`);
  writeFileSync(file, text);
  return file;
};

test('the key of page tokens is the one given, or the one in a file, or none', () => {
  const key = 'sixteen letters!';
  expect(servingConfig({}).pageTokenKey).toBeNull();
  expect(servingConfig({ FRESHET_PAGE_TOKEN_KEY: key }).pageTokenKey).toBe(key);
  const file = { FRESHET_PAGE_TOKEN_KEY_FILE: fileWith(`${key}\n`) };
  expect(servingConfig(file).pageTokenKey).toBe(key);
});

test('a key that is short, missing or there twice is refused at the start', () => {
  const short = { FRESHET_PAGE_TOKEN_KEY: 'short' };
  expect(() => servingConfig(short)).toThrow('PAGE_TOKEN_KEY takes at least 16 characters');
  const inFile = { FRESHET_PAGE_TOKEN_KEY_FILE: fileWith('short') };
  expect(() => servingConfig(inFile)).toThrow('the key in it takes at least 16 characters');
  const missing = { FRESHET_PAGE_TOKEN_KEY_FILE: join(dir, 'nowhere') };
  expect(() => servingConfig(missing)).toThrow('FRESHET_PAGE_TOKEN_KEY_FILE cannot be read');
  const both = { FRESHET_PAGE_TOKEN_KEY: 'x'.repeat(16), ...inFile };
  expect(() => servingConfig(both)).toThrow('are both set: leave one out');
});
