import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { kinds } from '../models/kinds.ts';
import { parseModel } from '../models/definitions.ts';
import { parseExperiment } from './definition.ts';

const folder = new URL('../definitions/experiments/', import.meta.url);
const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));

test('every experiment that comes with the project, and every model for it, is a good one', () => {
  for (const text of texts) {
    const parsed = 'model' in JSON.parse(text) ? parseModel(text, kinds) : parseExperiment(text);
    expect(parsed.ok ? [] : parsed.faults).toEqual([]);
  }
  expect(texts.length).toBeGreaterThan(0);
});
