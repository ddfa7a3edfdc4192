/**
 * What the fold `experiments` costs, without Kafka and Redis: CPU microseconds per record of the
 * whole slice loop over a store in memory, and bytes per user; for users outside any experiment, and
 * for users who are all in one.
 *
 *   node bench/micro/experiments.ts [events]
 */
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { driveSteps, type DriveStep } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { type Exposure, exposureSchema } from '../../schemas/generated/exposure.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import {
  experimentsFold,
  type OutcomeInteraction,
  outcomeFields,
  shownFields,
  type ShownExposure,
} from '../../services/experiments/topology.ts';
import { interactionFields } from '../../topics/interactions-input.ts';

const eventsMax = 5_000_000;
const eventsPerUser = 30;
const eventsPerVisit = 6;
const itemsCount = 20_000;
const shownCount = 20;
const startMs = Date.UTC(2026, 0, 1);
const spanMs = 28 * 86_400_000;
const lineage = 'bench0000000';

const recordOf = (topic: string, offset: number, value: Buffer, atMs: number): LogRecord => ({
  topic,
  partition: 0,
  offset,
  timestampMs: atMs,
  key: null,
  value,
  headers: {},
});

/** Visits of a few events, 20 seconds apart; before each one an answer, where `inExperiment`. */
function logsOf(events: number, inExperiment: boolean): DriveStep[] {
  const users = Math.ceil(events / eventsPerUser);
  const visits = Math.ceil(events / eventsPerVisit);
  const act = encoderFor<Interaction>(interactionSchema, 1);
  const show = encoderFor<Exposure>(exposureSchema, 1);
  const steps: DriveStep[] = [];
  let [acted, shown] = [0, 0];
  const batch = 200;
  for (let visit = 0; visit < visits; visit += batch) {
    const [left, right]: [LogRecord[], LogRecord[]] = [[], []];
    for (let own = visit; own < Math.min(visits, visit + batch); own += 1) {
      const user = (own * 7_919) % users;
      const atMs = startMs + Math.floor((own / visits) * spanMs);
      if (inExperiment) left.push(recordOf('e', shown, show(exposureOf(user, shown, atMs)), atMs));
      if (inExperiment) shown += 1;
      for (let n = 0; n < eventsPerVisit; n += 1) {
        const item = n === 0 ? own % itemsCount : (own * 31 + n * 977) % itemsCount;
        const value = act(interactionOf({ user, item, offset: acted, atMs: atMs + n * 20_000 }));
        right.push(recordOf('i', acted, value, atMs));
        acted += 1;
      }
    }
    steps.push({ input: 1, records: left }, { input: 0, records: right });
  }
  return steps;
}

const exposureOf = (user: number, offset: number, atMs: number): Exposure => ({
  answer_id: `requests-0-${offset}`,
  user_id: `user-${10_000 + user}`,
  context_id: 'home-feed',
  context_version: 'home-feed@0123456789ab',
  model_version: 'co-visits@0123456789ab',
  experiment: 'nearer-or-newer',
  variant: user % 2 === 0 ? 'a' : 'b',
  answered_by: 'personal',
  items: Array.from({ length: shownCount }, (_, n) => ({
    item_id: `item-${10_000 + ((offset + n * 13) % itemsCount)}`,
    propensity: null,
  })),
  served_at: atMs,
  candidates_stale: false,
  wanted: shownCount,
  page: 0,
  predicted: true,
  enough: true,
  emptied: false,
  removed: { 'not-seen': 3 },
  credit_ms: 7 * 86_400_000,
  outcome_kinds: ['click', 'purchase'],
  kind: 'answer',
  lineage,
  source_partition: 0,
  source_offset: offset,
});

const interactionOf = (given: {
  readonly user: number;
  readonly item: number;
  readonly offset: number;
  readonly atMs: number;
}): Interaction => ({
  event_id: `0123456789abcdef-${given.offset}`,
  user_id: `user-${10_000 + given.user}`,
  item_id: `item-${10_000 + given.item}`,
  type: given.offset % 3 === 0 ? 'purchase' : 'click',
  occurred_at: given.atMs,
  context_id: null,
  answer_id: null,
  session_id: null,
  value: given.offset % 3 === 0 ? 12.5 : null,
  attributes: {},
  appended_at: given.atMs,
  event_clock: given.offset + 1,
  merged: [],
  merged_from: null,
  lineage,
  source_partition: 0,
  source_offset: given.offset,
});

function foldOf() {
  const decoder = <T>(schema: object): TopicDecoder<T> =>
    new TopicDecoder({
      registry: {
        schemaOf: async () =>
          JSON.stringify(schema === exposures ? exposureSchema : interactionSchema),
        idOf: async () => 1,
        newestOf: async () => null,
      },
      subject: 'bench-value',
      schema,
      valueBytesMax: 1e6,
    });
  const exposures = {
    ...exposureSchema,
    fields: exposureSchema.fields.filter(({ name }) =>
      (shownFields as readonly string[]).includes(name),
    ),
  };
  const acted = decoder<OutcomeInteraction>(interactionFields(outcomeFields));
  return experimentsFold({
    interactions: { topic: 'i', lineage, decoder: acted },
    exposures: { topic: 'e', lineage: 'r', decoder: decoder<ShownExposure>(exposures) },
    latenessMs: 300_000,
    horizonMs: 400 * 86_400_000,
  });
}

async function report(what: string, steps: readonly DriveStep[]): Promise<void> {
  const records = steps.reduce((sum, step) => sum + step.records.length, 0);
  const before = process.cpuUsage();
  const { rows, shared } = await driveSteps(foldOf(), steps);
  const { user, system } = process.cpuUsage(before);
  const bytes = [...rows.values()].reduce((sum, { length }) => sum + length, 0);
  console.log(
    `${what.padEnd(24)} ${((user + system) / records).toFixed(1)} us CPU per record, ` +
      `${(bytes / rows.size).toFixed(0)} bytes a user (${rows.size} users), ` +
      `${shared?.length ?? 0} bytes of sums`,
  );
}

const events = Math.min(eventsMax, Number(process.argv[2] ?? 300_000));
for (const round of ['first', 'warm']) {
  await report(`${round}: outside`, logsOf(events, false));
  await report(`${round}: in an experiment`, logsOf(events, true));
}
