import { expect, test } from 'vitest';

import { Experiments } from '../../experiments/catalogue.ts';
import { draftOf, experimentVersion, parseExperiment } from '../../experiments/definition.ts';
import type { Candidate, PersonalRetrieval } from '../../models/model.ts';
import { parseContext } from '../../models/definitions.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import {
  kindBit,
  seenEntryBytes,
  seenHeaderBytes,
  seenLayout,
} from '../../schemas/packed/seen-items.ts';
import { DepthFactors, noteDepth, planList } from './depth.ts';
import { askedFirst, heldAgainstLists } from './uses.ts';

const types = ['view', 'purchase'];
const bought = kindBit(types, 'purchase');
const depth = 100;

const listOf = (length: number): Candidate[] =>
  Array.from({ length }, (_, n) => ({ itemId: `i${n}`, score: 1 / (n + 1) }));
const retrievalOf = (length: number): PersonalRetrieval => ({
  shared: false,
  sources: [],
  needsItems: false,
  trainer: null,
  wants: () => [],
  figures: () => [],
  rank: () => listOf(length),
  explain: null,
});
const model: PersonalModel = {
  kind: 'personal',
  modelKind: 'toy',
  version: 'toy@000000000001',
  learned: [],
  ageMsMax: 1_000,
  retrieval: retrievalOf(depth),
  listPrefix: 'mv4_',
  deep: { depth, retrieval: (times) => retrievalOf(depth * times) },
};

const seenOf = (ids: readonly string[], kinds: number): Buffer =>
  Buffer.concat([
    Buffer.from([seenLayout, ...Array.from({ length: seenHeaderBytes - 1 }, () => 0)]),
    ...ids.map((id) => {
      const entry = Buffer.alloc(seenEntryBytes);
      entry[4] = kinds;
      entry[5] = id.length;
      return Buffer.concat([entry, Buffer.from(id)]);
    }),
  ]);

/** A user who has the first so many items of every list. */
const userWith = (count: number, kinds = bought) => {
  const ids = listOf(count).map(({ itemId }) => itemId);
  const recents = ids.slice(0, 50).map((itemId) => ({
    itemId,
    atMs: 0,
    type: 'purchase',
    visits: 1,
    firstAtMs: 0,
  }));
  const profile = { userId: 'u', atMs: 0, recents, sessionStartMs: 0, had: null };
  return { profile, seen: seenOf(ids, kinds) };
};

const kept = (count: number, given: { times?: number; held?: number; kinds?: number } = {}) => {
  const plan = planList(model, userWith(count, given.kinds), {
    times: given.times ?? 1,
    timesMax: 3,
    heldAgainst: given.held ?? bought,
  });
  return plan.kept(plan.retrieval.rank({} as never, [], {} as never)).length;
};

test('a list holds its depth of what the user does not have, up to three times its length', () => {
  expect([0, 10, 11, 60, 150, 250].map((count) => [count, kept(count)])).toEqual([
    [0, 100],
    [10, 100],
    [11, 111],
    [60, 160],
    [150, 250],
    [250, 300],
  ]);
});

test('what no rule holds against an item does not lengthen a list', () => {
  expect(kept(60, { held: 0 })).toBe(100);
  expect(kept(60, { kinds: kindBit(types, 'view') })).toBe(100);
});

test('where rules leave too little all lists of the model grow, within the bound', () => {
  expect([1.5, 3].map((times) => kept(0, { times }))).toEqual([150, 300]);
  expect(kept(60, { times: 1.5 })).toBe(210);
});

test('a model without a depth keeps its lists, and so does a bound of one', () => {
  const { deep: _, ...plain } = model;
  const given = { times: 2, timesMax: 3, heldAgainst: bought };
  expect(planList(plain, userWith(60), given).retrieval).toBe(plain.retrieval);
  expect(planList(model, userWith(60), { ...given, timesMax: 1 }).retrieval).toBe(model.retrieval);
});

const served = (removed: Record<string, number>, enough: boolean) => ({
  context_id: 'home',
  experiment: null,
  variant: null,
  page: 0,
  predicted: true,
  enough,
  removed,
});

test('a factor settles by the share of answers that rules left short, and falls back slowly', () => {
  const factors = new DepthFactors(3);
  const said: number[] = [];
  const models = { personal: () => [model], askedFirst: () => model.version };
  const note = (removed: Record<string, number>, enough: boolean): void =>
    noteDepth(served(removed, enough), {
      factors,
      models,
      counted: { depth: (_, wanted) => void said.push(wanted) },
    });
  note({ 'not-seen': 90 }, false);
  note({ exclude: 90 }, false);
  note({ available: 5 }, true);
  expect(said).toEqual([100, 100, 100]);
  for (let n = 0; n < 50_000; n++) note({ available: 5 }, n % 100 !== 0);
  expect(factors.times(model.version)).toBeGreaterThan(1.9);
  expect(factors.times(model.version)).toBeLessThan(2.1);
  for (let n = 0; n < 10_000; n++) note({ attribute: 80 }, false);
  expect(said.at(-1)).toBe(300);
  for (let n = 0; n < 3_500; n++) note({}, true);
  expect(factors.times(model.version)).toBeCloseTo(2, 1);
});

const contextOf = (name: string, rules: object[], ...ladder: string[]) => {
  const steps = ladder.map((one, at) => ({ step: `s${at}`, model: `${one}@000000000001` }));
  const parsed = parseContext(JSON.stringify({ context: name, size: 5, rules, ladder: steps }));
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return [name, { version: `${name}@0`, revision: 1, definition: parsed.value }] as const;
};

test('contexts and experiments say what is held against a list, and whom they asked', () => {
  const contexts = new Map([
    contextOf('home', [{ rule: 'not-seen', kinds: ['purchase'] }], 'a', 'b'),
    contextOf('again', [{ rule: 'available' }], 'b', 'd'),
  ]);
  const experiments = new Experiments();
  const parsed = parseExperiment(
    JSON.stringify({
      experiment: 'nearer',
      context: 'home',
      step: 's0',
      variants: ['a', 'c'].map((one) => ({
        variant: `with-${one}`,
        model: `${one}@000000000001`,
        weight: 0.5,
      })),
      outcome: { kinds: ['purchase'] },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  experiments.take('nearer', { ...experimentVersion(draftOf(parsed.value)), revision: 1 });
  const held = heldAgainstLists({ contexts }, experiments, types);
  expect(Object.fromEntries(held)).toEqual({
    'a@000000000001': bought,
    'b@000000000001': bought,
    'c@000000000001': bought,
  });
  const asked = (context: string, experiment: string | null, variant: string | null) =>
    askedFirst({ context_id: context, experiment, variant }, { contexts }, experiments);
  expect([
    asked('home', null, null),
    asked('home', 'nearer', 'with-c'),
    asked('home', 'holdout:default', 'holdout'),
    asked('again', null, null),
    asked('gone', null, null),
  ]).toEqual(['a@000000000001', 'c@000000000001', 'a@000000000001', 'b@000000000001', null]);
});
