import { describe, expect, test } from 'vitest';

import { encoderFor } from '../../lib/avro/encoder.ts';
import { parseSchema } from '../../lib/avro/reader.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { kinds, userSides } from '../../models/kinds.ts';
import { type Interaction, interactionSchema } from '../../schemas/generated/interaction.ts';
import { type SignalPack, signalPackSchema } from '../../schemas/generated/signal-pack.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import { learningFold } from '../../services/learning/topology.ts';
import { seenItemsFold } from '../../services/seen-items/topology.ts';
import { signalsFold } from '../../services/signals/topology.ts';
import { userFeaturesFold } from '../../services/user-features/topology.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { Engine, type EngineEvent } from './engine.ts';
import { eventsOf, modelOf, settings } from './fixtures.ts';

const definitions = [...kinds.keys()].map((kind) => modelOf(kind));
const engineOf = (): Engine =>
  new Engine({ definitions, kinds, settings, items: null, keepsSeen: true });

const decoderOf = <T>(schema: object): ValueDecoder<T> => {
  const type = parseSchema(schema);
  return {
    prepare: async () => undefined,
    decode: (value) => ({ ok: true, value: type.decode(value as Buffer, 5).value as T }),
  };
};
const recordOf = (offset: number, value: Buffer): LogRecord => ({
  topic: 't',
  partition: 0,
  offset,
  timestampMs: 0,
  key: null,
  value,
  headers: {},
});

const logOf = (events: readonly EngineEvent[]): LogRecord[] => {
  const encode = encoderFor<Interaction>(interactionSchema, 1);
  return events.map((event, offset) =>
    recordOf(
      offset,
      encode({
        ...plainEvent({ eventId: `e${offset}`, ...event }),
        appended_at: event.atMs,
        event_clock: offset + 1,
        merged: [],
        merged_from: null,
        lineage: 'ingest',
        source_partition: 0,
        source_offset: offset,
      }),
    ),
  );
};

/** Every fold of the services over the log, through the runner's code. */
const folded = async (log: readonly LogRecord[]) => {
  const { types, features: limits, seen, horizonMs, recentItemsMax } = settings;
  const decoder = decoderOf<Interaction>(interactionSchema);
  const source = { topic: 't', lineage: 'ingest', decoder, types, horizonMs };
  const encode = encoderFor<SignalPack>(signalPackSchema, 2);
  const packing = { topic: 's', partitions: 1, packBytesMax: 50_000, encode };
  const signals = await drive(
    signalsFold({ ...source, recentItemsMax, sides: userSides, packing }),
    log,
    { bounds: { recordsMax: 100 } },
  );
  const packs = signals.emitted.map(({ value }, offset) => recordOf(offset, value as Buffer));
  return {
    features: await drive(userFeaturesFold({ ...source, limits }), log),
    seen: await drive(seenItemsFold({ ...source, limits: seen }), log),
    signals,
    learn: (learner: Parameters<typeof learningFold>[0]['learner']) =>
      drive(
        learningFold({
          topic: 's',
          lineage: signals.identity.lineage,
          decoder: decoderOf<SignalPack>(signalPackSchema),
          types,
          learner,
          cacheBytesMax: 1_000_000,
        }),
        packs,
      ),
  };
};

const sorted = (rows: ReadonlyMap<string, Buffer>): [string, string][] =>
  [...rows]
    .map(([key, bytes]): [string, string] => [key, bytes.toString('hex')])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));

describe('the engine', () => {
  test('knows byte by byte what the services know after the same 2,000 events', async () => {
    const events = eventsOf(2_000);
    const engine = engineOf();
    for (const [n, event] of events.entries()) {
      engine.learn(event);
      // Lists in between make it encode rows as they stood then, and change them later.
      const profile = engine.profile(event.userId);
      if (n % 23 !== 0 || profile === null) continue;
      for (const model of engine.models)
        if (model.ready.kind === 'personal') engine.list(model, profile);
        else engine.sharedList(model, null);
    }
    const real = await folded(logOf(events));
    const { rows } = engine.users;
    expect(sorted(rows.features)).toEqual(sorted(real.features.rows));
    expect(sorted(rows.signals)).toEqual(sorted(real.signals.rows));
    expect(sorted(rows.seen ?? new Map())).toEqual(sorted(real.seen.rows));
    expect(engine.learned.size).toBeGreaterThan(0);
    for (const learned of engine.learned.values()) {
      const driven = await real.learn(learned.learner);
      expect(driven.failures).toEqual([]);
      expect(sorted(learned.rows([...learned.keys()]))).toEqual(sorted(driven.rows));
      const [ranking] = learned.rankings();
      expect(ranking?.toString('hex')).toEqual(driven.shared?.toString('hex'));
    }
  }, 60_000);
});
