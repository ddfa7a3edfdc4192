import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import type { EvaluateFlags } from '../commands/evaluate.ts';
import { eventsOf } from './fixtures.ts';
import { evaluateFlags } from './from-flags.ts';
import { summary } from './tables.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-evaluate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, 'events.csv');
const rows = eventsOf(400, 9).map(({ userId, itemId, atMs }) =>
  [userId, itemId, 'view', atMs].join(','),
);
writeFileSync(data, ['user_id,item_id,type,occurred_at', ...rows, ''].join('\n'));

const flags: EvaluateFlags = {
  model: ['co-visits'],
  context: ['home-feed'],
  data,
  from: 0.9,
  k: [20, 10],
  sample: 15,
  seed: 1,
  moment: 'ahead',
};

test('models by name or file, and contexts with the models of their ladders', async () => {
  const file = join(folder, 'short.json');
  const short = { model: 'short', kind: 'co-visits', retrieval: { depth: 3 } };
  writeFileSync(file, JSON.stringify(short));
  const result = await evaluateFlags({ ...flags, model: ['co-visits', file] });
  const names = result.evaluated.map(({ name }) => name.split('@')[0]);
  expect(names.slice(0, 2)).toEqual(['co-visits', 'short']);
  expect(names.at(-1)).toBe('home-feed');
  expect(names.length).toBeGreaterThan(3);
  expect(result.protocol.tests).toBe(15);
  expect(result.evaluated[1]?.beyond.at_least.share).toBe(0);
  const said = summary(result);
  for (const name of names) expect(said).toContain(name);
});

test('that there is nothing to test is said, not shown as no hits', async () => {
  const fromTime = 2_000_000_000_000;
  await expect(evaluateFlags({ ...flags, fromTime })).rejects.toThrow('nothing to test');
});

test('what cannot be used is said with all its faults', async () => {
  await expect(evaluateFlags({ ...flags, model: ['no-such'] })).rejects.toThrow(
    'neither a file nor the name of one of definitions/',
  );
  const file = join(folder, 'wrong.json');
  writeFileSync(
    file,
    JSON.stringify({ model: 'a', kind: 'co-visits', retrieval: { depth: 0, x: 1 } }),
  );
  const faulty = evaluateFlags({ ...flags, model: [file] });
  await expect(faulty).rejects.toThrow('retrieval.depth');
  await expect(faulty).rejects.toThrow('retrieval.x');
});
