import { parseArgs } from 'node:util';
import { encoderFor } from '../../lib/avro/encoder.ts';
import { parseSchema } from '../../lib/avro/reader.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { FoldPartition } from '../../lib/stream/fold-partition.ts';
import { defaultBounds } from '../../lib/stream/fold-slice.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { defaultPoisonLimits, PoisonMeter } from '../../lib/stream/poison.ts';
import type { KeyWrite, StateStore } from '../../lib/stream/store.ts';
import type { Fold, LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { kinds, userSides } from '../../models/kinds.ts';
import { type SignalPack, signalPackSchema } from '../../schemas/generated/signal-pack.ts';
import { learnerOf } from '../../services/learning/learners.ts';
import { learningFold } from '../../services/learning/topology.ts';
import {
  signalInteractionSchema,
  type SignalInteraction,
  signalsFold,
} from '../../services/signals/topology.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { interactionsOf, recordOf } from './synthetic.ts';

const { values: args } = parseArgs({
  options: {
    events: { type: 'string', default: '200000' },
    users: { type: 'string', default: '5000' },
    slice: { type: 'string', default: '1000' },
    packs: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (args.help) {
  console.log(
    'node bench/micro/learning.ts [--events N] [--users N] [--slice RECORDS] [--packs PER_SLICE]',
  );
  process.exit(0);
}
const events = Number(args.events);
const partitions = 4;
const types = ['view', 'purchase'];

interface Tally {
  cpuUs: number;
  records: number;
  units: number;
  whole: number;
  patches: number;
  bytes: number;
  reads: number;
}
const newTally = (): Tally => ({
  cpuUs: 0,
  records: 0,
  units: 0,
  whole: 0,
  patches: 0,
  bytes: 0,
  reads: 0,
});

/** A store that counts what would go over the wire, and keeps values as Redis would. */
const countingStore = (tally: Tally): StateStore => {
  const values = new Map<string, Buffer>();
  const write = ({ key, write: change }: KeyWrite): void => {
    if ('whole' in change) {
      tally.whole++;
      tally.bytes += change.whole.length;
      values.set(key, change.whole);
      return;
    }
    for (const { at, bytes } of change.patches) {
      tally.patches++;
      tally.bytes += bytes.length;
      bytes.copy(values.get(key) ?? Buffer.alloc(0), at);
    }
  };
  return {
    load: async (keys) => {
      tally.reads += keys.length;
      return keys.map((key) => values.get(key) ?? null);
    },
    commit: async ({ headerKey, next, writes }) => {
      for (const one of writes) write(one);
      values.set(headerKey, Buffer.from(next));
      return 'applied';
    },
    decide: async () => 'applied',
    decided: async () => new Set(),
    remove: async () => 'refused',
  };
};

const decoderOf = <T>(schema: object): ValueDecoder<T> => {
  const type = parseSchema(schema);
  return {
    prepare: async () => undefined,
    decode: (value) => ({
      ok: true,
      value: type.decode(value as Buffer, 5).value as T,
    }),
  };
};

const ownerOf = <In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  given: { partition: number; tally: Tally; slice: number; sent: OutMessage[] },
): FoldPartition<In, Row, Out, Shared> => {
  const identity = foldIdentity(fold, partitions);
  return new FoldPartition(fold, {
    partition: given.partition,
    identity,
    keys: foldKeys({ code: fold.code, family: fold.family, id4: identity.id4 }),
    store: countingStore(given.tally),
    bounds: { ...defaultBounds, recordsMax: given.slice },
    meter: new PoisonMeter(defaultPoisonLimits),
    send: async (messages) => void given.sent.push(...messages),
    failureMessage: () => {
      throw new Error('nothing should fail');
    },
  });
};

/** Folds one partition's log to its end, charging the CPU to the tally. */
const run = async <In, Row, Out, Shared>(
  fold: Fold<In, Row, Out, Shared>,
  records: LogRecord[],
  given: { partition: number; tally: Tally; slice: number; sent: OutMessage[] },
): Promise<void> => {
  const owner = ownerOf(fold, given);
  await owner.load();
  const started = process.cpuUsage();
  for (let at = 0; at < records.length; ) {
    const { records: done, units } = await owner.slice(records.slice(at, at + given.slice));
    at += done;
    given.tally.records += done;
    given.tally.units += units;
  }
  const { user, system } = process.cpuUsage(started);
  given.tally.cpuUs += user + system;
};

const logs = (): LogRecord[][] => {
  const encode = encoderFor<SignalInteraction>(signalInteractionSchema, 1);
  const all: LogRecord[][] = Array.from({ length: partitions }, () => []);
  for (const interaction of interactionsOf({ events, users: Number(args.users), items: 20_000 })) {
    const partition = partitionOf(interaction.user_id, partitions);
    const log = all[partition] as LogRecord[];
    const value = encode({ ...interaction, source_partition: 0 });
    log.push(recordOf(partition, log.length, value));
  }
  return all;
};

const foldSignals = async (inputs: LogRecord[][], tally: Tally): Promise<LogRecord[][]> => {
  const encode = encoderFor<SignalPack>(signalPackSchema, 2);
  const packs: LogRecord[][] = Array.from({ length: partitions }, () => []);
  const perPartition: OutMessage[][] = [];
  for (const [partition, records] of inputs.entries()) {
    const fold = signalsFold({
      topic: 'interactions',
      lineage: 'ingest',
      decoder: decoderOf<SignalInteraction>(signalInteractionSchema),
      types,
      horizonMs: 400 * 86_400_000,
      recentItemsMax: 10,
      sides: userSides,
      packing: { topic: 'item-signals', partitions, encode, packBytesMax: 256 * 1024 },
    });
    const sent: OutMessage[] = [];
    await run(fold, records, { partition, tally, slice: Number(args.slice), sent });
    perPartition.push(sent);
  }
  // The partitions' packs by turns, as a broker would have them.
  for (let turn = 0; perPartition.some((sent) => sent.length > turn); turn++)
    for (const sent of perPartition) {
      const message = sent[turn];
      if (message === undefined) continue;
      const log = packs[message.partition as number] as LogRecord[];
      log.push(recordOf(message.partition as number, log.length, message.value as Buffer));
    }
  return packs;
};

const print = (name: string, tally: Tally): void => {
  const per = (value: number): string => (value / events).toFixed(2);
  console.log(
    `${name.padEnd(24)} ${per(tally.cpuUs)} us/event  ${per(tally.units)} units  ` +
      `${per(tally.reads)} reads  ${per(tally.whole)} whole  ${per(tally.patches)} patches  ` +
      `${per(tally.bytes)} bytes written`,
  );
};

const inputs = logs();
const signals = newTally();
const packs = await foldSignals(inputs, signals);
print('signals', signals);
const packBytes = packs.flat().reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
console.log(
  `  ${packs.flat().length} packs, ${(packBytes / events).toFixed(1)} bytes/event on item-signals`,
);
let whole = signals.cpuUs;
for (const name of kinds.keys()) {
  const tally = newTally();
  const learning = kinds.get(name)?.learningSchema.parse({}) as ModelDefinition['learning'];
  const learner = learnerOf({ kind: name, learning }, kinds);
  if (learner === null) continue;
  const fold = learningFold({
    topic: 'item-signals',
    lineage: packLineage(packs),
    decoder: decoderOf<SignalPack>(signalPackSchema),
    types,
    learner,
    cacheBytesMax: 256 * 1024 * 1024,
  });
  for (const [partition, records] of packs.entries())
    await run(fold, records, { partition, tally, slice: Number(args.packs), sent: [] });
  print(`learning:${name}`, tally);
  whole += tally.cpuUs;
}
console.log(`all folds                ${(whole / events).toFixed(2)} us/event`);
console.log(`heap ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB rss`);

function packLineage(log: LogRecord[][]): string {
  const decoder = decoderOf<SignalPack>(signalPackSchema);
  const first = decoder.decode(log[0]?.[0]?.value ?? null);
  return first.ok ? first.value.lineage : '';
}
