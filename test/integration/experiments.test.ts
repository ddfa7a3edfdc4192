import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { draftOf, experimentSchema, experimentVersion } from '../../experiments/definition.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { type Command, commandSchema } from '../../schemas/generated/command.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { plainCount, type PlainVariant } from '../../services/experiments/plain-count.ts';
import { readPartials } from '../../services/experiments/read-partials.ts';
import { commands } from '../../topics/commands.ts';
import { experiments } from '../../topics/experiments.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactions } from '../../topics/interactions.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const prefix = `experiments-${randomUUID().slice(0, 8)}`;
const own = ['ingest', 'experiments'];
const users = 300;
/** The shipped default. */
const latenessMs = 300_000;
let pipeline: Pipeline;
let encode: (value: Exposure) => Buffer;

beforeAll(async () => {
  pipeline = await openPipeline(testStack(), prefix);
  const subject = `${topicName(prefix, exposures)}-value`;
  encode = await openEncoder<Exposure>(pipeline.bed.registry, subject, exposureSchema);
});

afterAll(async () => {
  await pipeline.close();
});

const userOf = (n: number): string => `u${n % users}`;
const itemOf = (n: number): string => `i${n % 40}`;

/** What serving would have said of its n-th answer. */
const shownOf = (n: number, more: Partial<Exposure> = {}): Exposure => ({
  answer_id: `a${n}`,
  user_id: userOf(n),
  context_id: 'home-feed',
  context_version: 'home-feed@0123456789ab',
  model_version: 'co-visits@0123456789ab',
  experiment: 'nearer-or-newer',
  variant: (n % users) % 2 === 0 ? 'a' : 'b',
  answered_by: 'personal',
  items: [0, 1, 2].map((at) => ({ item_id: itemOf(n + at), propensity: null })),
  served_at: Date.now(),
  candidates_stale: false,
  wanted: 3,
  page: 0,
  predicted: true,
  enough: n % 5 !== 0,
  emptied: false,
  removed: { 'not-seen': n % 3 },
  credit_ms: 3_600_000,
  outcome_kinds: ['click', 'purchase'],
  kind: 'answer',
  lineage: 'serving',
  source_partition: 0,
  source_offset: n,
  ...more,
});

const show = (shown: readonly Exposure[]): Promise<void> =>
  pipeline.publishRaw(
    shown.map((one) => ({
      topic: topicName(prefix, exposures),
      key: one.user_id,
      value: encode(one),
    })),
  );

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);

/** Some by the answer, some by the item, some of nothing that was shown, each third with a value. */
const actOf = (n: number): Partial<UserEvent> => ({
  event_id: `e${n}`,
  user_id: userOf(n * 7),
  item_id: n % 4 === 0 ? 'other' : itemOf(n * 7 + (n % 5)),
  type: ['click', 'purchase', 'view'][n % 3] ?? 'view',
  answer_id: n % 4 === 1 ? `a${(n * 7) % users}` : null,
  context_id: [null, 'home-feed', 'basket'][n % 11] ?? null,
  value: n % 3 === 1 ? n / 4 : null,
});

async function recordsOf<T>(topic: Topic, schema: object): Promise<(LogRecord & { read: T })[]> {
  const { config, registry } = pipeline.bed;
  const name = topicName(prefix, topic);
  const decoder = new TopicDecoder<T>({
    registry,
    subject: `${name}-value`,
    schema,
    valueBytesMax: topic.messageBytesMax,
  });
  const found: (LogRecord & { read: T })[] = [];
  for await (const records of readLog({ kafka: config.kafka, topic: name })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const record of records) {
      const decoded = decoder.decode(record.value);
      if (!decoded.ok) throw new Error(decoded.reason);
      found.push({ ...record, read: decoded.value });
    }
  }
  return found;
}

/** By variant: what the logs say, each partition by itself, and what is stored. */
async function bothCounts() {
  const shown = (await recordsOf<Exposure>(exposures, exposureSchema)).map((record) => ({
    ...record,
    // The time that counts is the log's.
    read: { ...record.read, served_at: record.timestampMs },
  }));
  const acted = await recordsOf<Interaction>(interactions, interactionSchema);
  const seen = new Set<string>();
  const once = acted.filter(({ partition, read }) => {
    const id = `${partition}/${read.source_partition}/${read.source_offset}`;
    return !seen.has(id) && seen.add(id);
  });
  const plain = new Map<string, PlainVariant>();
  for (const partition of [0, 1]) {
    const of = <T>(records: readonly (LogRecord & { read: T })[]): T[] =>
      records.filter((one) => one.partition === partition).map(({ read }) => read);
    const counted = plainCount(of(shown), of(once), latenessMs).get('nearer-or-newer');
    for (const [variant, figures] of counted?.variants ?? []) add(plain, variant, figures);
  }
  const stored = new Map<string, PlainVariant>();
  for (const { experiments: held } of (await readPartials(pipeline.bed.redis, prefix)) ?? [])
    for (const { variants } of held)
      for (const { variant, answers, cells } of variants) {
        add(stored, variant, { ...nobody, answers });
        for (const cell of cells.values()) add(stored, variant, { ...cell, answers: 0 });
      }
  return { plain, stored };
}

const nobody: PlainVariant = {
  users: 0,
  answers: 0,
  any: 0,
  count: 0,
  countSquares: 0,
  value: 0,
  valueSquares: 0,
};

function add(sums: Map<string, PlainVariant>, variant: string, more: PlainVariant): void {
  const before = sums.get(variant) ?? nobody;
  const sum = (of: keyof PlainVariant): number => Math.round((before[of] + more[of]) * 100) / 100;
  sums.set(variant, {
    users: sum('users'),
    answers: sum('answers'),
    any: sum('any'),
    count: sum('count'),
    countSquares: sum('countSquares'),
    value: sum('value'),
    valueSquares: Math.round(before.valueSquares + more.valueSquares),
  });
}

test('outcomes are counted once, through duplicates, late ones and a kill', async () => {
  await pipeline.run(['ingest']);
  await pipeline.publish(range(0, 300).map(actOf));
  await pipeline.caughtUp(['ingest']);
  const killed = await pipeline.run(['experiments'], { FRESHET_FAILPOINT: 'before_commit:3' });
  const ended = expect(killed.ended).rejects.toThrow('experiments');
  await show(range(0, users).map((n) => shownOf(n)));
  await pipeline.publish(range(300, 1_200).map(actOf));
  await ended;
  const counting = await pipeline.run(['experiments']);
  // The same answers again, and a user in both variants.
  await show(range(0, 50).map((n) => shownOf(n)));
  await show([shownOf(901, { user_id: userOf(4), variant: 'b' })]);
  await show(range(users, 2 * users).map((n) => shownOf(n)));
  await pipeline.publish(range(1_000, 2_000).map(actOf));
  // Many of a few users, at once with what these are shown: any of it may be folded first.
  for (const wave of range(2, 6)) {
    const busy = range(wave * 1_000, wave * 1_000 + 1_000);
    await Promise.all([
      pipeline.publish(busy.map((n) => ({ ...actOf(n), user_id: `u${n % 20}` }))),
      show(busy.slice(0, 400).map((n) => shownOf(n * users + (n % 20)))),
    ]);
  }
  await pipeline.caughtUp(own);
  const again = (await recordsOf<Interaction>(interactions, interactionSchema)).slice(0, 400);
  await pipeline.publishRaw(
    again.map(({ topic, partition, key, value }) => ({ topic, partition, key, value })),
  );
  await pipeline.caughtUp(own);
  const { plain, stored } = await bothCounts();
  expect(stored.get('a')?.count).toBeGreaterThan(100);
  expect(stored.get('a')?.users).toBe(users / 2 - 1);
  expect(stored).toEqual(plain);
  const report = await pipeline.verify();
  const verified = report.services.find(({ service }) => service === 'experiments');
  expect(verified).toMatchObject({ differences: 0, examples: [] });
  expect(verified?.values).toBeGreaterThan(users);
  await counting.stop();
}, 120_000);

test('a variant that breaks a guardrail beyond doubt is asked to be stopped, by one command', async () => {
  const definition = experimentSchema.parse({
    experiment: 'broken-or-not',
    context: 'home-feed',
    step: 'personal',
    variants: [
      { variant: 'a', model: 'old@0123456789ab', weight: 0.5 },
      { variant: 'b', model: 'new@0123456789ab', weight: 0.5 },
    ],
    outcome: { kinds: ['click'] },
    guardrails: { predictedShareMin: 0.9 },
  });
  const record = { ...draftOf(definition), state: 'running' as const, salt: 's' };
  const topic = topicName(prefix, experiments);
  const write = await openEncoder<Definition>(
    pipeline.bed.registry,
    `${topic}-value`,
    definitionSchema,
  );
  const value = write({ ...experimentVersion(record), revision: 1 });
  await pipeline.publishRaw([{ topic, key: definition.experiment, value }]);
  await show(
    range(10_000, 10_000 + users).map((n) =>
      shownOf(n, { experiment: definition.experiment, predicted: n % 2 === 0 }),
    ),
  );
  const watching = await pipeline.run(['experiments'], { FRESHET_EXPERIMENTS_LOOK_MS: '100' });
  for (;;) {
    const sent = (await recordsOf<Command>(commands, commandSchema)).filter(
      ({ read }) => read.kind === 'experiment.stop',
    );
    if (sent.length < 2) continue;
    expect(new Set(sent.map(({ read }) => read.command_id)).size).toBe(1);
    expect(JSON.parse(sent[0]?.read.body ?? '')).toEqual({
      experiment: 'broken-or-not',
      variant: 'b',
      why: 'answers that the model itself gave are below 90 % beyond doubt',
      confirmedBy: 'guardrail',
    });
    break;
  }
  await watching.stop();
}, 120_000);
