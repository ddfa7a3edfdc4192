/**
 * What folding features and seen items costs, without Kafka and Redis: CPU microseconds per event
 * of decoding, of each fold by itself and of the whole slice loop over a store in memory.
 *
 *   node bench/micro/features.ts [events]
 */
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import { type Fold, gone, type LogRecord } from '../../lib/stream/topology.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { seenItemsFold } from '../../services/seen-items/topology.ts';
import { userFeaturesFold } from '../../services/user-features/topology.ts';

const usersCount = 50_000;
const itemsCount = 20_000;
const partitions = 4;
const eventsMax = 10_000_000;
const topic = 'freshet.interactions.v1';
const lineage = 'bench0000000';
const types = ['view', 'click', 'like', 'add_to_cart', 'purchase', 'rating'];
const dayMs = 86_400_000;
const startMs = Date.UTC(2024, 0, 1);

/** A small generator with a fixed seed (mulberry32), so that runs compare. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Item numbers by Zipf's law with exponent 1, drawn by bisection of the cumulated shares. */
function zipf(count: number, next: () => number): () => number {
  const cumulated = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) cumulated[rank] = sum += 1 / (rank + 1);
  return () => {
    const wanted = next() * sum;
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function logOf(events: number): LogRecord[][] {
  const next = random(42);
  const item = zipf(itemsCount, next);
  const encode = encoderFor<Interaction>(interactionSchema, 1);
  const log: LogRecord[][] = Array.from({ length: partitions }, () => []);
  for (let n = 0; n < events; n++) {
    const userId = `user-${10_000 + Math.floor(next() * usersCount)}`;
    const partition = partitionOf(userId, partitions);
    const records = log[partition] as LogRecord[];
    const occurredAt = startMs + n * 250;
    const value = encode({
      event_id: `0123456789abcdef-${n}`,
      user_id: userId,
      item_id: `item-${10_000 + item()}`,
      type: types[Math.floor(next() ** 2 * types.length)] as string,
      occurred_at: occurredAt,
      context_id: null,
      answer_id: null,
      session_id: null,
      value: null,
      attributes: {},
      appended_at: occurredAt + 5,
      event_clock: n + 1,
      merged: [],
      merged_from: null,
      lineage,
      source_partition: n % partitions,
      source_offset: Math.floor(n / partitions),
    });
    const key = Buffer.from(userId);
    const offset = records.length;
    records.push({ topic, partition, offset, timestampMs: occurredAt, key, value, headers: {} });
  }
  return log;
}

const registry = {
  schemaOf: async () => JSON.stringify(interactionSchema),
  idOf: async () => 1,
  newestOf: async () => null,
};
const decoderOf = (): TopicDecoder<Interaction> =>
  new TopicDecoder({
    registry,
    subject: `${topic}-value`,
    schema: interactionSchema,
    valueBytesMax: 1e6,
  });

async function report(
  what: string,
  log: readonly (readonly LogRecord[])[],
  work: (records: readonly LogRecord[], partition: number) => Promise<void> | void,
): Promise<void> {
  const before = process.cpuUsage();
  for (const [partition, records] of log.entries()) await work(records, partition);
  const { user, system } = process.cpuUsage(before);
  const events = log.reduce((sum, { length }) => sum + length, 0);
  console.log(`${what.padEnd(34)} ${((user + system) / events).toFixed(2)} us CPU per event`);
}

/** Only decode and fold: rows live in a map, nothing is copied, read or written. */
function foldBare(fold: Fold<never, Buffer>, records: readonly LogRecord[]): number {
  const rows = new Map<string, Buffer>();
  const context = {
    shared: null,
    partition: 0,
    record: records[0] as LogRecord,
    newestMs: -1,
    emit: () => undefined,
    skip: () => undefined,
  };
  let bytes = 0;
  for (const record of records) {
    const decoded = fold.input.decode(record);
    if (!('units' in decoded)) throw new Error('a record did not decode');
    for (const unit of decoded.units) {
      const next = fold.fold(rows.get(unit.key), unit, context);
      if (next !== null && next !== gone) rows.set(unit.key, next);
    }
  }
  for (const row of rows.values()) bytes += row.length;
  return bytes / rows.size;
}

async function main(): Promise<void> {
  const events = Math.min(eventsMax, Number(process.argv[2] ?? 300_000));
  const log = logOf(events);
  const decoder = decoderOf();
  await decoder.prepare(log.flatMap(([first]) => (first === undefined ? [] : [first.value])));
  const source = { topic, lineage, decoder, types, horizonMs: 400 * dayMs };
  const features = userFeaturesFold({
    ...source,
    limits: { recentsMax: 20, halfLifeMs: 30 * dayMs, sessionGapMs: 1_800_000 },
  });
  const seen = seenItemsFold({
    ...source,
    limits: { itemsMax: 2_000, ageMsMax: 400 * dayMs },
  });
  for (const round of ['first', 'warm']) {
    await report(`${round}: decode`, log, (records) => {
      for (const { value } of records) decoder.decode(value);
    });
    for (const fold of [features, seen]) {
      let bytes = 0;
      await report(`${round}: decode + ${fold.name}`, log, (records) => {
        bytes = foldBare(fold as Fold<never, Buffer>, records);
      });
      console.log(`  ${bytes.toFixed(0)} bytes a user`);
      await report(`${round}: slices of ${fold.name}`, log, async (records, partition) => {
        await drive(fold as Fold<never, Buffer>, records, { partition, partitions });
      });
    }
  }
}

await main();
