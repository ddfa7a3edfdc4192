import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';

import type { Receipt } from '../../cli/forget/receipt.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import {
  type ExternalCandidates,
  externalCandidatesSchema,
} from '../../schemas/generated/external-candidates.ts';
import { listSeen } from '../../schemas/packed/seen-items.ts';
import { decodeUserFeatures } from '../../schemas/packed/user-features.ts';
import { servingLineage } from '../../topics/exposures-input.ts';
import { exposures } from '../../topics/exposures.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { forgetType, intoAttribute, mergeType } from '../../topics/reserved-types.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { applyAll, contextOf, publishItems, testStack } from '../support/fixtures.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** Forgetting and merging users through the real services, commands and logs. */
const prefix = `forget-${randomUUID().slice(0, 8)}`;
const command = new URL('../../bin/freshet.js', import.meta.url).pathname;
const userFolds = [...folding, 'candidates', 'served', 'experiments', 'external'];
/** Unlike anything else that anybody writes. */
const user = 'somebody-4711-q';
const other = 'u7';
let pipeline: Pipeline;
let asking: Asking;
const redis = new Redis(inject('redisUrl'));

beforeAll(async () => {
  // For verify, which runs here and reads settings as any command does.
  vi.stubEnv('FRESHET_ANONYMOUS_PREFIX', 'anon-');
  pipeline = await openPipeline(testStack(), prefix, {
    FRESHET_ANONYMOUS_PREFIX: 'anon-',
    FRESHET_PROFILE_ATTRIBUTES: 'country',
  });
  await applyAll(pipeline, [
    { model: 'learner', kind: 'blend', retrieval: { trainingShare: 1 } },
    { model: 'nightly', kind: 'external', retrieval: { source: 'nightly' } },
    contextOf('c-learned', 'learner'),
    contextOf('c-nightly', 'nightly'),
  ]);
  await publishItems(pipeline, Object.fromEntries(items.map((item) => [item, {}])));
  await pipeline.run(['--all']);
  asking = await openAsking(pipeline);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await asking.close();
  await pipeline.close();
  redis.disconnect();
});

const items = Array.from({ length: 120 }, (_, n) => `i${n}`);

async function send<T extends { readonly user_id: string }>(
  topic: Topic,
  schema: object,
  values: readonly T[],
): Promise<void> {
  const name = topicName(prefix, topic);
  const encode = await openEncoder<T>(pipeline.bed.registry, `${name}-value`, schema);
  await pipeline.publishRaw(
    values.map((value) => ({ topic: name, key: value.user_id, value: encode(value) })),
  );
}

/** What serving would say of an answer in an experiment; in no partition that it reads itself. */
const shown = (user_id: string, n: number): Exposure => ({
  ...(exposures.example as unknown as Exposure),
  answer_id: `own-${n}`,
  user_id,
  experiment: 'nearer-or-newer',
  variant: 'a',
  credit_ms: 3_600_000,
  outcome_kinds: ['click'],
  lineage: servingLineage(prefix),
  source_partition: 60,
  source_offset: n,
});

const list = (user_id: string): ExternalCandidates => ({
  ...(externalCandidates.example as unknown as ExternalCandidates),
  user_id,
});

const settled = async (): Promise<void> => {
  await pipeline.caughtUp(['ingest']);
  await pipeline.caughtUp(userFolds);
};

const zero = async (): Promise<void> => {
  await settled();
  const report = await pipeline.verify();
  expect(report.services.flatMap(({ examples }) => examples)).toEqual([]);
  expect(report.answers.examples).toEqual([]);
  expect(report.differences).toBe(0);
};

/** Keys that name it and keys whose value does, of this installation and of any other. */
async function inRedis(text: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>)
    for (const key of page) {
      const isString = (await redis.type(key)) === 'string';
      const value = isString ? await redis.getBuffer(key) : null;
      if (key.includes(text) || value?.includes(text) === true) found.push(key);
    }
  return found;
}

async function row(fold: string, of: string): Promise<Buffer | null> {
  const current = await readCurrent(pipeline.bed.redis, prefix, fold);
  if (current === null) throw new Error(`${fold} was never started`);
  const key = foldKeys(current).row(partitionOf(of, current.partitions), of);
  return (await pipeline.bed.redis.mget([key]))[0] ?? null;
}

async function freshet(...words: readonly string[]) {
  const { stdout, stderr, exitCode } = await execa(process.execPath, [command, ...words], {
    env: pipeline.bed.environment,
    extendEnv: false,
    reject: false,
  });
  return { stdout, stderr, exitCode };
}

const forget = async (id: string): Promise<Receipt & { readonly exitCode: number | undefined }> => {
  const { stdout, stderr, exitCode } = await freshet('forget', id, '--json');
  expect(stderr).not.toContain('NOT');
  return { ...(JSON.parse(stdout) as Receipt), exitCode };
};

const removedFrom = ({ removed }: Receipt): string[] => removed.map(({ fold }) => fold);

test('a user of whom everything is kept is forgotten everywhere, and stays forgotten', async () => {
  await pipeline.publish(someEvents(600, 1));
  await settled();
  for (const id of [user, other]) {
    await pipeline.publish(
      ['i1', 'i2', 'i3'].map((item_id) => ({
        user_id: id,
        item_id,
        type: 'click',
        attributes: { country: 'FR' },
      })),
    );
    await send(exposures, exposureSchema, [shown(id, id === user ? 1 : 2)]);
    await send(externalCandidates, externalCandidatesSchema, [list(id)]);
  }
  await pipeline.publish([{ user_id: user, type: 'stare' }]);
  await settled();
  for (const context_id of ['c-learned', 'c-nightly']) {
    const { answer } = await asking.ask({ user_id: user, context_id });
    expect(answer.status).toBe('ok');
  }
  await settled();
  const before = await inRedis(user);
  const folds = ['candidates', 'experiments', 'external', 'seen-items', 'served', 'signals'];

  const receipt = await forget(user);
  expect(receipt).toMatchObject({
    exitCode: 0,
    left: [],
    failed_events: [expect.stringMatching(/^ingest\/.*user-events.*\/\d\/\d+$/)],
  });
  expect(removedFrom(receipt)).toEqual([...folds, 'user-features']);
  expect(receipt.removed.reduce((sum, { keys }) => sum + keys, 0)).toBe(before.length);
  expect(JSON.stringify(receipt)).not.toContain(user);
  const kept = new Map(receipt.topics.map(({ topic, until }) => [topic, until]));
  expect(kept.get(`${prefix}.exposures.v1`)).toContain('gone 90 days after');
  expect(kept.get(`${prefix}.user-events.v1`)).toContain('set retention.ms');
  expect(await inRedis(user)).toEqual([]);
  expect(await row('user-features', other)).not.toBeNull();
  expect(await row('external', other)).not.toBeNull();

  const history = await freshet('history', '--kind', 'user.forgotten', '--json');
  expect(history.stdout).toContain(receipt.user_hash);
  expect(history.stdout).not.toContain(user);
  expect(history.stdout).not.toContain(receipt.salt);
  await zero();

  // Folded again from the start of the logs, the user comes and goes.
  const rebuilt = await freshet('rebuild', 'served', 'seen-items', 'experiments', 'external');
  expect(rebuilt.exitCode, rebuilt.stderr).toBe(0);
  await freshet('rebuild', '--drop', '--yes');
  await zero();
  expect(await inRedis(user)).toEqual([]);

  const again = await forget(user);
  expect(again).toMatchObject({ exitCode: 0, removed: [], left: [] });
  await pipeline.publish([{ user_id: user, item_id: 'i9', type: 'view' }]);
  await zero();
  const features = decodeUserFeatures((await row('user-features', user)) as Buffer, ['view']);
  expect(features.recents.map(({ itemId }) => itemId)).toEqual(['i9']);
  expect(listSeen((await row('seen-items', user)) as Buffer)).toHaveLength(1);
});

test('any producer may ask for it, and what a kept generation holds is said', async () => {
  const id = 'somebody-0815-q';
  await pipeline.publish(['i1', 'i2'].map((item_id) => ({ user_id: id, item_id })));
  await settled();
  const built = await freshet('rebuild', 'seen-items', '--keep', '7d');
  expect(built.exitCode, built.stderr).toBe(0);
  await pipeline.publish([{ user_id: id, item_id: '', type: forgetType }]);
  await settled();
  expect(await row('seen-items', id)).toBeNull();

  const said = await freshet('forget', id);
  expect(said.exitCode).toBe(1);
  expect(said.stdout).toContain('npx freshet rebuild seen-items --drop --yes');
  expect(said.stderr).toContain('NOT forgotten');
  await freshet('rebuild', '--drop', '--yes');
  expect(await forget(id)).toMatchObject({ exitCode: 0, left: [] });
  expect(await inRedis(id)).toEqual([]);
});

test('an anonymous user is merged into a known one, and gone', async () => {
  const known = ['known-1', 'known-2', 'known-3', 'known-4'];
  for (const [n, into] of known.entries()) {
    const anonymous = `anon-${n}`;
    await pipeline.publish([
      ...['i1', 'i2', 'i3'].map((item_id) => ({ user_id: anonymous, item_id, type: 'view' })),
      { user_id: into, item_id: 'i4', type: 'purchase' },
    ]);
    await pipeline.publish([
      {
        user_id: anonymous,
        item_id: '',
        type: mergeType,
        attributes: { [intoAttribute]: into },
      },
      // Nobody knows who that is to be.
      { user_id: anonymous, item_id: '', type: mergeType },
    ]);
  }
  await settled();
  for (const [n, into] of known.entries()) {
    const seen = listSeen((await row('seen-items', into)) as Buffer);
    expect(seen.map(({ itemId }) => itemId).toSorted()).toEqual(['i1', 'i2', 'i3', 'i4']);
    const types = pipeline.bed.config.types;
    const { recents, counts } = decodeUserFeatures(
      (await row('user-features', into)) as Buffer,
      types,
    );
    expect(recents.map(({ itemId }) => itemId).toSorted()).toEqual(['i1', 'i2', 'i3', 'i4']);
    expect(counts.find(({ type }) => type === 'view')?.weight).toBeCloseTo(3, 1);
    expect(await row('user-features', `anon-${n}`)).toBeNull();
  }
  await zero();
  // Only what an experiment rests on stays under the name that it was shown to.
  const experiments = await readCurrent(pipeline.bed.redis, prefix, 'experiments');
  const left = (await inRedis('anon-')).filter((key) => !key.endsWith('anon-'));
  const inExperiments = left.filter((key) => key.slice(4).startsWith(`e${experiments?.id4 ?? ''}`));
  expect(left.filter((key) => !inExperiments.includes(key))).toEqual([]);
});

test('without consent a request is answered from what it holds, and names nobody anywhere', async () => {
  const id = 'nobody-2342-q';
  const before = (await asking.allExposures()).length;
  const asked = { context_id: 'c-learned', consent: false, session: ['i1', 'i2'] };
  const { answer } = await asking.ask({ ...asked, user_id: id });
  expect(answer).toMatchObject({ status: 'ok', user_id: '', consent: false, experiment: null });
  expect(answer.items.length).toBeGreaterThan(0);
  // Whoever is known is answered as anybody is.
  const { answer: known } = await asking.ask({ ...asked, user_id: other });
  expect(known.items).toEqual(answer.items);
  expect((await asking.ask({ ...asked, user_id: '' })).answer.items).toEqual(answer.items);
  expect(await asking.allExposures()).toHaveLength(before);
  const why = await freshet('why', answer.answer_id);
  expect(why.stdout, why.stderr).toContain('asked without consent');
  await zero();
  expect(await inRedis(id)).toEqual([]);
});
