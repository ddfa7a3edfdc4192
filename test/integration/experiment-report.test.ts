import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Message } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { randomOf } from '../../bench/micro/synthetic.ts';
import { acceptedOrThrow, sendCommands } from '../../cli/control/client.ts';
import { withControl } from '../../cli/control/with-control.ts';
import { experimentJson } from '../../cli/experiments/as-json.ts';
import { listText, showText } from '../../cli/experiments/as-text.ts';
import { planFile } from '../../cli/experiments/plan.ts';
import { previewModel } from '../../cli/experiments/preview/preview.ts';
import { readExperiment, readExperiments } from '../../cli/experiments/read.ts';
import { experimentHtml } from '../../cli/experiments/report/page.ts';
import { faultOf } from '../../cli/report/well-formed.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { kafkaClient } from '../../lib/kafka/client.ts';
import { readCurrent } from '../../lib/stream/current.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { exposures } from '../../topics/exposures.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { testStack } from '../support/fixtures.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const prefix = `reporting-${randomUUID().slice(0, 8)}`;
const hourMs = 3_600_000;
const users = 2_000;
const everyMs = 20_000;
/** So long ago that everybody's time is over. */
const startMs = Date.now() - 24 * hourMs;
const definition = {
  experiment: 'nearer-or-newer',
  context: 'home-feed',
  variants: [
    { variant: 'nearer', model: 'blend', weight: 0.5 },
    { variant: 'newer', model: 'co-visits', weight: 0.5 },
  ],
  outcome: { kinds: ['click'], measure: 'any', withinHours: 1 },
  relativeEffect: 0.2,
  guardrails: { predictedShareMin: 0.9 },
};
let pipeline: Pipeline;
const folder = mkdtempSync(join(tmpdir(), 'freshet-report-'));

beforeAll(async () => {
  pipeline = await openPipeline(testStack(), prefix);
  await takeTimesAsTold();
  const { config } = pipeline.bed;
  const [create, start] = await withControl(config, () =>
    sendCommands(config, [
      { kind: 'experiment.create', body: { definition: JSON.stringify(definition) } },
      { kind: 'experiment.start', body: { experiment: definition.experiment } },
    ]),
  );
  for (const result of [create, start]) if (result !== undefined) acceptedOrThrow(result);
  // Its lineage is what readers of interactions go by.
  await (await pipeline.run(['ingest'])).stop();
  await fill();
  await pipeline.run(['experiments']);
  await pipeline.caughtUp(['experiments']);
}, 120_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await pipeline.close();
});

const isNewer = (user: number): boolean => user % 2 === 1;
/** Three in ten of one variant, nine in twenty of the other. */
const clicks = (user: number): boolean => Math.floor(user / 2) % 20 < (isNewer(user) ? 9 : 6);
const shownMs = (user: number): number => startMs + user * everyMs;
const random = randomOf(11);
/** Each of six items with equal chance. */
const drawn = Array.from({ length: users + 400 }, () =>
  [0, 1].map(() => `i${Math.floor(random() * 6)}`),
);
const draws = (user: number, place: number): string => drawn[user]?.[place] ?? '';

const shownTo = (user: number): Exposure => ({
  answer_id: `a${user}`,
  user_id: `u${user}`,
  context_id: 'home-feed',
  context_version: 'home-feed@0123456789ab',
  model_version: null,
  experiment: user < users ? definition.experiment : null,
  variant: user < users ? (isNewer(user) ? 'newer' : 'nearer') : null,
  answered_by: 'personal',
  items: [0, 1].map((place) => ({ item_id: draws(user, place), propensity: 1 / 6 })),
  served_at: shownMs(user),
  candidates_stale: false,
  wanted: 2,
  page: 0,
  predicted: true,
  enough: true,
  emptied: false,
  removed: { 'not-seen': 2 },
  credit_ms: user < users ? hourMs : null,
  outcome_kinds: user < users ? ['click'] : [],
  kind: 'answer',
  lineage: 'serving',
  source_partition: 0,
  source_offset: user,
});

const actOf = (user: number, lineage: string): Interaction => ({
  ...plainEvent({
    eventId: `e${user}`,
    userId: `u${user}`,
    itemId: draws(user, 0),
    type: clicks(user) ? 'click' : 'view',
    atMs: shownMs(user) + 60_000,
  }),
  answer_id: user % 4 < 2 ? `a${user}` : null,
  appended_at: shownMs(user) + 60_000,
  event_clock: user,
  merged: [],
  merged_from: null,
  lineage,
  source_partition: 0,
  source_offset: user,
});

/** What serving and ingest would have written in half a day; the last ones move the time only. */
async function fill(): Promise<void> {
  const { redis, registry } = pipeline.bed;
  const lineage = (await readCurrent(redis, prefix, 'ingest'))?.lineage ?? '';
  const [shown, acted] = [exposures, interactions].map((topic) => topicName(prefix, topic)) as [
    string,
    string,
  ];
  const encodeShown = await openEncoder<Exposure>(registry, `${shown}-value`, exposureSchema);
  const encodeAct = await openEncoder<Interaction>(registry, `${acted}-value`, interactionSchema);
  const all = Array.from({ length: users + 400 }, (_, user) => user);
  await publishAsOfThen(
    shown,
    all.map((user) => ({
      key: `u${user}`,
      value: encodeShown(shownTo(user)),
      timestamp: String(shownMs(user)),
    })),
  );
  await pipeline.publishRaw(
    all.map((user) => ({ topic: acted, key: `u${user}`, value: encodeAct(actOf(user, lineage)) })),
  );
}

/**
 * The broker stamps exposures with its own clock, and users enter by that; here half a day has to
 * be over at once, so this one topic takes the times that it is told.
 */
async function takeTimesAsTold(): Promise<void> {
  const admin = await openAdmin(pipeline.bed.config.kafka);
  const topic = topicName(prefix, exposures);
  await admin.alterConfigs(topic, { 'message.timestamp.type': 'CreateTime' });
  await admin.close();
}

async function publishAsOfThen(topic: string, messages: readonly Message[]): Promise<void> {
  const { kafka } = pipeline.bed.config;
  const producer = kafkaClient(kafka).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, messages: [...messages] });
  await producer.disconnect();
}

test('what is counted is read from all partitions, judged, and told', async () => {
  const assessed = await readExperiment(pipeline.bed.config, definition.experiment);
  const said = experimentJson(assessed);
  expect(said).toMatchObject({
    state: 'running',
    winner: 'newer',
    experiment_users: users,
    srm_p: 1,
    multiple: 0,
    late: 0,
    variants: [
      { users: users / 2, entered: users / 2, outcome_mean: 0.3, items_shown: 6 },
      { users: users / 2, entered: users / 2, outcome_mean: 0.45, removed: { 'not-seen': users } },
    ],
  });
  expect(said.sentence).toMatch(/^'newer' is better than the control 'nearer' by \+50 %/);
  expect(assessed.variants[1]?.kinds['click']?.users).toBe(450);
  expect(assessed.figures.course.at(-1)?.variants[0]?.outcome.n).toBe(users / 2);
  const page = experimentHtml(assessed, Date.now());
  expect(faultOf(page)).toBeNull();
  expect(page).toContain('class="stretch s1"');
  expect(showText(assessed)).toContain('--winner newer');
  expect(listText(await readExperiments(pipeline.bed.config))).toMatch(/running +2000 +newer/);
});

test('an experiment that is not there is said, with those that are', async () => {
  await expect(readExperiment(pipeline.bed.config, 'gone')).rejects.toThrow(
    "there is no experiment 'gone'; there are: nearer-or-newer",
  );
});

test('a plan reckons by what was shown and done', async () => {
  const file = join(folder, 'next.json');
  writeFileSync(file, JSON.stringify({ ...definition, experiment: 'next' }));
  const made = await planFile(pipeline.bed.config, { file, days: 14 });
  expect(made.users_per_day).toBeCloseTo((24 * hourMs) / everyMs, -2);
  expect(made.baseline.mean).toBeCloseTo(0.375, 1);
  expect(made.plan?.usersSequential).toBeGreaterThan(1_000);
});

test('a preview estimates from what was shown by chance, or refuses', async () => {
  const choice = { context: 'home-feed', days: 14, withinHours: 1, kinds: ['click'] };
  const { config } = pipeline.bed;
  const made = await previewModel(config, { ...choice, model: 'trending' });
  if (!made.ok) throw new Error(made.reason);
  expect(made.answers).toBe(users + 400);
  expect(made.estimates.logged.estimate).toBeGreaterThan(0.1);
  expect(made.overlap.support).toBeGreaterThan(0.5);
  for (const [more, why] of [
    [{ model: 'gone' }, 'gone is neither a file nor'],
    [{ model: 'trending', context: 'nowhere' }, "there is no context 'nowhere'"],
  ] as const)
    await expect(previewModel(config, { ...choice, ...more })).rejects.toThrow(why);
  const none = await previewModel(config, { ...choice, model: 'trending', context: 'basket' });
  expect(none).toMatchObject({ ok: false, answers: 0 });
});
