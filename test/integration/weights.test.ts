import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { applyAlone } from '../../cli/commands/apply.ts';
import type { VerifyReport } from '../../cli/verify/verify.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { type TrainingPack, trainingPackSchema } from '../../schemas/generated/training-pack.ts';
import { topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

const prefix = `weights-${randomUUID().slice(0, 8)}`;
const definitions = mkdtempSync(join(tmpdir(), 'freshet-weights-'));
const own = ['candidates', 'weights'];
let pipeline: Pipeline;
let waves = 0;
const redis = new Redis(inject('redisUrl'));

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    prefix,
  );
  const write = (name: string, definition: object): void =>
    writeFileSync(join(definitions, `${name}.json`), JSON.stringify(definition));
  write('blend', { model: 'learner', kind: 'blend', retrieval: { trainingShare: 1 } });
  write('context', {
    context: 'learned-feed',
    size: 5,
    rules: [],
    ladder: [{ step: 'personal', model: 'learner' }],
  });
  await applyAlone(definitions, pipeline.bed.config);
});

afterAll(async () => {
  await pipeline.close();
  redis.disconnect();
  rmSync(definitions, { recursive: true, force: true });
});

/** Events one after the other, so that a list stands before its user acts again. */
async function wave(): Promise<void> {
  waves += 1;
  await pipeline.publish(someEvents(150, waves));
  await pipeline.caughtUp([...folding, ...own]);
}

async function packs(): Promise<TrainingPack[]> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(prefix, trainingExamples);
  const decoder = new TopicDecoder<TrainingPack>({
    registry,
    subject: `${topic}-value`,
    schema: trainingPackSchema,
    valueBytesMax: 1e6,
  });
  const found: TrainingPack[] = [];
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      if (!decoded.ok) throw new Error(decoded.reason);
      found.push(decoded.value);
    }
  }
  return found;
}
const positionsOf = (found: readonly TrainingPack[]): string[] =>
  found.flatMap(({ source_partition: partition, examples }) =>
    examples.map(({ offset, weights }) => `${partition}/${offset}/${weights}`),
  );

async function untilMoreThan(examples: number): Promise<void> {
  for (let tried = 0; tried < 20; tried += 1) {
    await wave();
    if (positionsOf(await packs()).length > examples) return;
  }
  throw new Error(`no more than ${examples} examples were closed`);
}

const weightsKey = async (): Promise<string> => {
  const current = await readCurrent(pipeline.bed.redis, prefix, 'weights');
  if (current === null) throw new Error('weights was never started');
  const [example] = (await packs()).flatMap(({ examples }) => examples);
  const keys = foldKeys(current);
  for (let partition = 0; partition < current.partitions; partition += 1) {
    const key = keys.row(partition, example?.weights ?? '');
    if ((await pipeline.bed.redis.mget([key]))[0] !== null) return key;
  }
  throw new Error('no weights were learned');
};
const ofWeights = (report: VerifyReport) =>
  report.services.find(({ service }) => service === 'weights');

test('weights are learned from what users do after their lists were made', async () => {
  const services = await pipeline.run([...folding, ...own]);
  await untilMoreThan(50);
  const report = await pipeline.verify();
  expect(report.differences).toBe(0);
  expect(ofWeights(report)?.values).toBeGreaterThan(0);
  const key = await weightsKey();
  const [weights] = await pipeline.bed.redis.mget([key]);
  expect(weights?.length).toBeGreaterThan(0);
  await services.stop();
});

test('a candidates that dies between sending and storing changes no weights', async () => {
  const rest = await pipeline.run([...folding, 'weights']);
  const before = positionsOf(await packs()).length;
  const dying = pipeline.run(['candidates'], { FRESHET_FAILPOINT: 'after_emit:2' });
  const ended = dying.then((service) => service.ended).catch(() => undefined);
  for (let died = false; !died; ) {
    waves += 1;
    await pipeline.publish(someEvents(150, waves));
    await pipeline.caughtUp(folding);
    died = await Promise.race([
      ended.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), 200)),
    ]);
  }
  const again = await pipeline.run(['candidates']);
  await pipeline.caughtUp([...folding, ...own]);
  const positions = positionsOf(await packs());
  expect(positions.length).toBeGreaterThan(before);
  // What was sent by the one that died was sent again.
  expect(new Set(positions).size).toBeLessThan(positions.length);
  expect((await pipeline.verify()).differences).toBe(0);
  await again.stop();
  await rest.stop();
});

test('weights that are not what the topic says are found', async () => {
  const key = await weightsKey();
  const [weights] = await pipeline.bed.redis.mget([key]);
  if (weights === null || weights === undefined) throw new Error('no weights');
  const changed = Buffer.from(weights);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  const store = (bytes: Buffer) => redis.set(key, bytes);
  await store(changed);
  const report = await pipeline.verify();
  expect([report.differences, ofWeights(report)?.differences]).toEqual([1, 1]);
  await store(weights);
  expect((await pipeline.verify()).differences).toBe(0);
});
