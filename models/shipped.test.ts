import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { modelVersion, parseContext, parseModel, resolveContext } from './definitions.ts';
import { kinds } from './kinds.ts';

const folder = new URL('../definitions/', import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));
const isModel = ({ text }: { text: string }): boolean => 'model' in (JSON.parse(text) as object);

test('every definition that comes with the project is a good one', () => {
  const versions = new Map<string, string>();
  for (const file of files.filter(isModel)) {
    const parsed = parseModel(file.text, kinds);
    if (!parsed.ok) throw new Error(`${file.name}: ${parsed.faults.join('; ')}`);
    versions.set(parsed.value.model, modelVersion(parsed.value).version);
    expect(file.name).toBe(`${parsed.value.model}.json`);
  }
  for (const file of files.filter((one) => !isModel(one))) {
    const parsed = parseContext(file.text);
    if (!parsed.ok) throw new Error(`${file.name}: ${parsed.faults.join('; ')}`);
    const resolved = resolveContext(parsed.value, versions, new Set(versions.values()));
    expect(resolved.ok).toBe(true);
    expect(file.name).toBe(`${parsed.value.context}.json`);
  }
  expect(versions.size).toBeGreaterThan(0);
});

test('every model on a page of a kind is a good one', () => {
  for (const kind of kinds.keys()) {
    const page = readFileSync(new URL(`${kind}/README.md`, import.meta.url), 'utf8');
    for (const line of page.split('\n').filter((one) => one.startsWith('{"model"'))) {
      const parsed = parseModel(line, kinds);
      expect(parsed.ok ? [] : [kind, ...parsed.faults]).toEqual([]);
    }
  }
});
