import { plainRequest } from '../../schemas/plain-request.ts';
import { expect, test } from 'vitest';

import { PageTokens } from './page-token.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import {
  draftOf,
  type ExperimentRecord,
  experimentVersion,
  parseExperiment,
} from '../../experiments/definition.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { Generations } from '../../lib/stream/generations.ts';
import { ItemTable } from '../../models/item-table.ts';
import { parseContext } from '../../models/definitions.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import type { ReadyModel, SharedModel } from '../../retrieval/personal-models.ts';
import { answerBatch } from './answering.ts';
import { current, FakeRedis, readBounds, requestRecord } from './fakes.ts';
import { answerMetric, exposure, recommendation } from './outputs.ts';
import { Rankings } from './rankings.ts';
import { replyOf } from './reply.ts';
import type { Accepted } from './request.ts';

const nowMs = 1_700_000_000_000;
const hourMs = 3_600_000;
const version = (name: string): string => `${name}@0123456789ab`;
const context = parseContext(
  JSON.stringify({
    context: 'home',
    size: 2,
    ladder: [
      { step: 'own', model: version('old') },
      { step: 'rest', model: version('rest') },
    ],
  }),
);
if (!context.ok) throw new Error(context.faults.join());
const home = { version: version('home'), revision: 1, definition: context.value };

/** A model that holds the same items for everyone: `of-<its name>-1` and `-2`. */
const sharedOf = (name: string): SharedModel => ({
  kind: 'shared',
  version: version(name),
  learning: `learning:${name}`,
  ageMsMax: 1_000,
  learned: [`learning:${name}`],
  retrieval: {
    shared: true,
    sources: [{ kind: name, learning: {}, headBytes: 0, rankings: true }],
    rank: () => [1, 2].map((at) => ({ itemId: `of-${name}-${at}`, score: 1 })),
  },
});

const running = (change: Partial<ExperimentRecord> = {}, definition: object = {}): Experiments => {
  const parsed = parseExperiment(
    JSON.stringify({
      experiment: 'nearer',
      context: 'home',
      step: 'own',
      variants: [
        { variant: 'as-it-is', model: version('old'), weight: 0.5 },
        { variant: 'nearer', model: version('new'), weight: 0.5 },
      ],
      outcome: { kinds: ['purchase'], withinHours: 24 },
      ...definition,
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const experiments = new Experiments();
  const record: ExperimentRecord = {
    ...draftOf(parsed.value),
    state: 'running',
    salt: 'nearer@0123456789ab',
    ranges: [[0, 5_000]],
    ...change,
  };
  experiments.take('nearer', { ...experimentVersion(record), revision: 1 });
  return experiments;
};

const accepted = (user: string): Accepted => ({
  kind: 'accepted',
  record: requestRecord(),
  reply: replyOf({}),
  request: plainRequest(user, 'home'),
  context: home,
  wanted: 2,
  deadlineMs: null,
  page: null,
});

const users = Array.from({ length: 400 }, (_, n) => `u${n}`);

/** What every user is answered, where these models have something. */
const answers = async (experiments: Experiments, known = ['old', 'new', 'rest']) => {
  const redis = new FakeRedis();
  const models = new Map<string, ReadyModel>(known.map((one) => [version(one), sharedOf(one)]));
  const pointers = known.map((one) => current(`learning:${one}`, 'l', 'item'));
  for (const pointer of pointers)
    redis.values.set(
      currentKey('freshet', pointer.name),
      Buffer.from(JSON.stringify({ ...pointer, id4: pointer.name.slice(-3) })),
    );
  const generations = new Generations(redis, {
    prefixOf: () => 'freshet',
    ageMsMax: 0,
    clockMs: () => 0,
  });
  await generations.read(pointers.map(({ name }) => name));
  const done = await answerBatch(users.map(accepted), {
    redis,
    reads: new LearnedReads(redis, readBounds),
    weights: new LearnedWeights(),
    models,
    generations,
    experiments,
    rankings: new Rankings(1_000),
    items: new ItemTable(),
    itemOffsets: () => [],
    types: ['purchase'],
    profileAttributes: [],
    pages: new PageTokens({ key: null, prefix: 'freshet' }),
    nowMs: () => nowMs,
    monotonicMs: () => 0,
  });
  return done.map((one) => ({
    answer: recommendation(one),
    shown: exposure(one, 'line'),
    labels: answerMetric(one).labels,
  }));
};

test('half of the users take part, half of these get the other model, and all of it is said', async () => {
  const all = await answers(running());
  const part = all.filter(({ answer }) => answer.experiment !== null);
  const nearer = part.filter(({ answer }) => answer.variant === 'nearer');
  expect(part.length / all.length).toBeCloseTo(0.5, 1);
  expect(nearer.length / part.length).toBeCloseTo(0.5, 1);
  for (const { answer, shown, labels } of all) {
    const model = answer.variant === 'nearer' ? 'new' : 'old';
    expect(answer.items[0]?.item_id).toBe(`of-${model}-1`);
    expect([answer.model_version, shown?.model_version]).toEqual([version(model), version(model)]);
    expect([shown?.experiment, shown?.variant]).toEqual([answer.experiment, answer.variant]);
    expect(shown?.credit_ms).toBe(answer.experiment === null ? null : 24 * hourMs);
    expect([labels['experiment'] ?? null, labels['variant'] ?? null]).toEqual([
      answer.experiment,
      answer.variant,
    ]);
  }
});

test('the same user gets the same variant again', async () => {
  const variants = async () => (await answers(running())).map(({ answer }) => answer.variant);
  expect(await variants()).toEqual(await variants());
});

test('where the model of a variant has nothing the next step answers, and the user stays in it', async () => {
  const all = await answers(running(), ['old', 'rest']);
  const nearer = all.filter(({ answer }) => answer.variant === 'nearer');
  expect(nearer.length).toBeGreaterThan(50);
  for (const { answer, shown } of nearer) {
    expect(answer).toMatchObject({ answered_by: 'rest', model_version: version('rest') });
    expect(shown).toMatchObject({ experiment: 'nearer', variant: 'nearer', predicted: false });
  }
});

test('an answer without items is an exposure in an experiment, and nowhere else', async () => {
  for (const { answer, shown } of await answers(running(), [])) {
    expect(answer.items).toEqual([]);
    if (answer.experiment === null) expect(shown).toBeNull();
    else
      expect(shown).toMatchObject({
        experiment: 'nearer',
        items: [],
        answered_by: 'none',
        model_version: null,
        predicted: false,
        enough: false,
        emptied: false,
      });
  }
});

test('the holdout gets what the context says, under a name of its own', async () => {
  const all = await answers(running({}, { holdout: 0.25 }));
  const held = all.filter(({ answer }) => answer.experiment === 'holdout:default');
  expect(held.length / all.length).toBeCloseTo(0.25, 1);
  for (const { answer } of held)
    expect(answer).toMatchObject({ variant: 'holdout', model_version: version('old') });
});

test.each(['draft', 'stopped', 'decided'] as const)(
  'a %s experiment changes nothing',
  async (state) => {
    for (const { answer, shown } of await answers(running({ state }))) {
      expect(answer).toMatchObject({
        experiment: null,
        variant: null,
        model_version: version('old'),
      });
      expect(shown).toMatchObject({ experiment: null, credit_ms: null });
    }
  },
);
