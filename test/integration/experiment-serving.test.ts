import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { readDefinitions } from '../../cli/data/definitions.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import {
  draftOf,
  type ExperimentRecord,
  experimentVersion,
  parseExperiment,
} from '../../experiments/definition.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { experiments as experimentsTopic } from '../../topics/experiments.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import { type Asking, openAsking } from '../support/asking.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** A record on the topic divides users, on a real stack, as experiments/README.md says. */
const hourMs = 3_600_000;
let pipeline: Pipeline;
let asking: Asking;

const users = Array.from({ length: 200 }, (_, n) => `u${n}`);

/** `holdout`: of the layer; `ranges`: half of it. */
async function runningExperiment(): Promise<ExperimentRecord> {
  const { catalogue } = await readDefinitions(pipeline.bed.config);
  const home = catalogue.contexts.get('home-feed');
  const [first] = home?.definition.ladder ?? [];
  const other = [...catalogue.models].find(([, one]) => one.definition.model === 'co-visits');
  if (home === undefined || first === undefined || other === undefined)
    throw new Error('the shipped definitions are not what this test knows');
  const parsed = parseExperiment(
    JSON.stringify({
      experiment: 'nearer',
      context: 'home-feed',
      step: first.step,
      variants: [
        { variant: 'as-it-is', model: first.model, weight: 0.5 },
        { variant: 'nearer', model: other[0], weight: 0.5 },
      ],
      holdout: 0.1,
      outcome: { kinds: ['purchase'], withinHours: 48 },
    }),
  );
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return {
    ...draftOf(parsed.value),
    state: 'running',
    salt: 'nearer@0123456789ab',
    ranges: [[0, 5_000]],
    contextVersion: home.version,
  };
}

async function publish(record: ExperimentRecord, revision: number): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, experimentsTopic);
  const encode = await openEncoder<Definition>(registry, `${topic}-value`, definitionSchema);
  const { name, version, content } = experimentVersion(record);
  const value = encode({ name, version, revision, content });
  await pipeline.publishRaw([{ topic, key: name, value }]);
}

/** All that events are about is for sale. */
async function publishItems(): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, items);
  const encode = await openEncoder<Item>(registry, `${topic}-value`, itemSchema);
  await pipeline.publishRaw(
    Array.from({ length: 120 }, (_, n) => {
      const item_id = `i${n}`;
      const texts = { item_id, title: item_id, categories: [], attributes: {} };
      const value = encode({ ...texts, available_from: null, available_until: null });
      return { topic, key: item_id, value };
    }),
  );
}

const askAll = async (): Promise<Recommendation[]> => {
  const got = await Promise.all(users.map((user_id) => asking.ask({ user_id })));
  return got.map(({ answer }) => answer);
};

/** Asks until all answers are as they should be: what a record changes, it changes for all at once. */
const askUntil = async (
  isThere: (answers: readonly Recommendation[]) => boolean,
): Promise<readonly Recommendation[]> => {
  for (;;) {
    const answers = await askAll();
    if (isThere(answers)) return answers;
  }
};

const armOf = ({ experiment, variant }: Pick<Recommendation, 'experiment' | 'variant'>): string =>
  `${experiment ?? 'none'} ${variant ?? 'none'}`;

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    'experiment-serving',
  );
  await publishItems();
  await pipeline.publish(someEvents(1_500, 30));
  await pipeline.run(['--all']);
  await pipeline.caughtUp();
  asking = await openAsking(pipeline);
});

afterAll(async () => {
  await asking.close();
  await pipeline.close();
});

test('users are divided as every program would, stay where they are, and are exposed as such', async () => {
  const record = await runningExperiment();
  const [, nearer] = record.definition.variants;
  const before = await askAll();
  expect(new Set(before.map(armOf))).toEqual(new Set(['none none']));

  await publish(record, 1);
  const mirror = new Experiments();
  mirror.take('nearer', { ...experimentVersion(record), revision: 1 });
  const arms = users.map((user) => {
    const assigned = mirror.assign('home-feed', user, Date.now());
    return armOf({ experiment: assigned?.experiment ?? null, variant: assigned?.variant ?? null });
  });
  const shares = Map.groupBy(arms, (arm) => arm);
  expect([...shares.keys()].toSorted()).toEqual([
    'holdout:default holdout',
    'nearer as-it-is',
    'nearer nearer',
    'none none',
  ]);

  // The variant's own lists are made once exposures say that they are missing.
  const running = await askUntil((answers) =>
    answers.some(({ model_version }) => model_version === nearer?.model),
  );
  const again = await askAll();
  expect(running.map(armOf)).toEqual(arms);
  expect(again.map(armOf)).toEqual(arms);
  for (const answer of again)
    if (answer.variant !== 'nearer') expect(answer.model_version).not.toBe(nearer?.model);

  const exposed = new Map((await asking.allExposures()).map((one) => [one.answer_id, one]));
  for (const answer of again) {
    const shown = exposed.get(answer.answer_id);
    expect(shown).toMatchObject({
      experiment: answer.experiment,
      variant: answer.variant,
      model_version: answer.model_version,
      credit_ms: answer.experiment === null ? null : 48 * hourMs,
    });
  }

  await publish({ ...record, state: 'stopped' }, 2);
  await askUntil((answers) => answers.every(({ experiment }) => experiment === null));
});
