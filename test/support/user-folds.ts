import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Driven, drive } from '../../lib/stream/memory-driver.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { emptyTally, isPast, lookAtRows, sweepChunk } from '../../lib/stream/sweep-rows.ts';
import type { Fold, LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { interactions } from '../../topics/interactions.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { forgetType, mergedType, mergeType } from '../../topics/reserved-types.ts';

/** What every fold over `interactions` is given in tests: its input, without a broker. */
export const interactionsSource = {
  topic: 'freshet.interactions.v1',
  lineage: 'ingest000000',
  /** JSON instead of Avro: what a decoder does is tested with the decoder. */
  decoder: {
    prepare: async () => undefined,
    decode: (value) =>
      value === null
        ? { ok: false as const, reason: 'empty_value', detail: 'there is no value' }
        : { ok: true as const, value: JSON.parse(value.toString()) as Interaction },
  } satisfies ValueDecoder<Interaction>,
};

const example = interactions.example as unknown as Interaction;

export function interactionRecord(offset: number, change: Partial<Interaction>): LogRecord {
  const { topic, lineage } = interactionsSource;
  const value = { ...example, lineage, source_offset: offset, ...change };
  return {
    topic,
    partition: 0,
    offset,
    timestampMs: 1,
    key: Buffer.from(value.user_id),
    value: Buffer.from(JSON.stringify(value)),
    headers: {},
  };
}

export interface UserFoldCase<In, Out> {
  readonly types: readonly string[];
  foldOf(horizonMs: number): Fold<In, Buffer, Out>;
  /** What was emitted, however it was packed. */
  emitted?(messages: readonly OutMessage[]): readonly string[];
  /** The fold's revision, and what comes of a log without and of one with long absences. */
  readonly golden: readonly [revision: number, whole: string, absences: string];
}

const typeOf = ({ value }: LogRecord): string => (JSON.parse(String(value)) as Interaction).type;
const who = fc.constantFrom('ann', 'bob', 'cid');

/** The log with users forgotten in it, each record at its new place. */
function withForgets(
  log: readonly LogRecord[],
  moments: readonly { readonly at: number; readonly user: string }[],
): LogRecord[] {
  const told = [...log];
  for (const { at, user } of moments) {
    const forget = { user_id: user, item_id: '', type: forgetType, occurred_at: 0 };
    told.splice(Math.min(at, told.length), 0, interactionRecord(0, forget));
  }
  return told.map((record, offset) => {
    const change = JSON.parse(String(record.value)) as Interaction;
    return interactionRecord(offset, { ...change, source_offset: offset });
  });
}

/** What is left of it if nothing of these users had been before. */
const withoutForgotten = (told: readonly LogRecord[]): LogRecord[] =>
  told.filter((record, at) => {
    const user = String(record.key);
    const isForgotten = told
      .slice(at)
      .some((later) => typeOf(later) === forgetType && String(later.key) === user);
    return typeOf(record) !== forgetType && !isForgotten;
  });

const longMs = 400 * 86_400_000;
const shortMs = 30_000;

const logsOf = (types: readonly string[]): fc.Arbitrary<LogRecord[]> =>
  fc
    .array(
      fc.record({
        user_id: fc.constantFrom('ann', 'bob', 'cid'),
        item_id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
        type: fc.constantFrom(...types),
        occurred_at: fc.integer({ min: 0, max: 150_000 }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((changes) => changes.map((change, offset) => interactionRecord(offset, change)));

/** Every user's events lie within minutes; with absences, each round comes after the horizon. */
const goldenLog = (types: readonly string[], absenceMs: number): LogRecord[] =>
  Array.from({ length: 500 }, (_, n) =>
    interactionRecord(n, {
      user_id: `user-${(n * 7) % 13}`,
      item_id: `item-${(n * n) % 41}`,
      type: types[(n * 5) % types.length] as string,
      occurred_at: 1_700_000_000_000 + ((n * 7919) % 200) * 1_000 + Math.floor(n / 100) * absenceMs,
    }),
  );

/** What every fold that is keyed by user must do, whatever it keeps. */
export function userFoldConformance<In, Out>(given: UserFoldCase<In, Out>): void {
  const { foldOf, types, golden } = given;
  const emittedOf = (...parts: readonly Driven[]): string[] =>
    [...(given.emitted?.(parts.flatMap(({ emitted }) => emitted)) ?? [])].toSorted();
  const logs = logsOf(types);

  /** Rows that have not expired, by what the header says. */
  const present = (driven: Driven): ReadonlyMap<string, Buffer> => {
    const { horizon } = foldOf(shortMs);
    const newestMs = driven.header?.newestMs[0] ?? -1;
    const lastMs = (row: Buffer): number => horizon?.lastMs(row) ?? Infinity;
    const kept = [...driven.rows].filter(
      ([, row]) => !isPast({ horizonMs: shortMs, lastMs }, row, newestMs),
    );
    return new Map(kept);
  };

  const sweep = async ({ store, rows, identity }: Driven): Promise<number> => {
    const fold = foldOf(shortMs);
    const keys = foldKeys({ ...fold, id4: identity.id4 });
    const headerKey = keys.header(0);
    const lastMs = (row: Buffer): number => fold.horizon?.lastMs(row) ?? Infinity;
    const tally = emptyTally();
    await sweepChunk(
      {
        store,
        headerKey,
        keys: [...rows.keys()].map((key) => keys.row(0, key)),
        dryRun: false,
        look: (some) => lookAtRows({ store, headerKey, horizonMs: shortMs, lastMs }, some),
      },
      tally,
    );
    return tally.deleted;
  };

  const hashOf = (driven: Driven): string => {
    const hash = createHash('sha256');
    for (const [key, row] of [...driven.rows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(key).update(row);
    return hash.update(emittedOf(driven).join('\n')).digest('hex').slice(0, 16);
  };

  describe('a fold that is keyed by user', () => {
    test('gives the same however the log is cut into slices', async () => {
      const bounds = fc.integer({ min: 1, max: 20 });
      await fc.assert(
        fc.asyncProperty(logs, bounds, async (log, recordsMax) => {
          const whole = await drive(foldOf(shortMs), log);
          const cut = await drive(foldOf(shortMs), log, { bounds: { recordsMax } });
          expect(cut.rows).toEqual(whole.rows);
          expect(emittedOf(cut)).toEqual(emittedOf(whole));
        }),
      );
    });

    test('gives the same wherever it was stopped, and swept before it went on', async () => {
      let swept = 0;
      await fc.assert(
        fc.asyncProperty(logs, fc.nat(60), fc.boolean(), async (log, stop, sweeps) => {
          const whole = await drive(foldOf(shortMs), log);
          const begun = await drive(foldOf(shortMs), log.slice(0, stop));
          if (sweeps) swept += await sweep(begun);
          const { store } = begun;
          const ended = await drive(foldOf(shortMs), log, { store });
          if (sweeps) expect(present(ended)).toEqual(present(whole));
          else expect(ended.rows).toEqual(whole.rows);
          expect(emittedOf(begun, ended)).toEqual(emittedOf(whole));
        }),
      );
      expect(swept).toBeGreaterThan(0);
    });

    test('forgets: the state is that of the log without what lay before, and nothing is emitted', async () => {
      const moments = fc.array(fc.record({ at: fc.nat(60), user: who }), { maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(logs, moments, fc.integer({ min: 1, max: 9 }), async (log, at, size) => {
          const told = withForgets(log, at);
          const driven = await drive(foldOf(longMs), told, { bounds: { recordsMax: size } });
          const without = await drive(foldOf(longMs), withoutForgotten(told));
          expect(driven.rows).toEqual(without.rows);
          const events = await drive(
            foldOf(longMs),
            told.filter((record) => typeOf(record) !== forgetType),
          );
          if (at.length === 0) expect(emittedOf(driven)).toEqual(emittedOf(events));
          else expect(emittedOf(driven).length).toBeLessThanOrEqual(emittedOf(events).length);
        }),
      );
    });

    test('forgets a user of whom there is nothing, or twice, and what had expired as well', async () => {
      const act = { user_id: 'ann', type: types[0] ?? '', occurred_at: 5_000 };
      const forget = { user_id: 'ann', type: forgetType, item_id: '' };
      const { rows, failures } = await drive(foldOf(shortMs), [
        interactionRecord(0, forget),
        interactionRecord(1, act),
        interactionRecord(2, { ...act, user_id: 'bob', occurred_at: 90_000 }),
        interactionRecord(3, forget),
        interactionRecord(4, forget),
      ]);
      expect([failures, [...rows.keys()]]).toEqual([[], ['bob']]);
      // It comes once more after the user did: the same event, so nobody is forgotten again.
      const again = await drive(foldOf(longMs), [
        interactionRecord(0, forget),
        interactionRecord(1, act),
        interactionRecord(2, { ...forget, source_offset: 0 }),
      ]);
      expect([...again.rows.keys()]).toEqual(['ann']);
    });

    test('merges: the known user has done what the anonymous one did, who is gone', async () => {
      const nothing = { user_id: 'ann', attributes: {} };
      const acts = ['a', 'b', 'a', 'c'].map((item_id, n) => ({
        item_id,
        type: types[n % types.length] ?? '',
        occurred_at: 5_000 + n * 1_000,
      }));
      const own = { ...nothing, type: types[0] ?? '', item_id: 'b', occurred_at: 9_500 };
      const merge = { ...nothing, item_id: '', type: mergeType, merged: acts };
      const log = acts.map((act, n) =>
        interactionRecord(n, { ...nothing, ...act, user_id: 'anon-1' }),
      );
      const [here, elsewhere] = [
        interactionRecord(5, { ...merge, merged_from: 'anon-1' }),
        interactionRecord(5, { ...merge, merged_from: null }),
      ];
      const merged = await drive(foldOf(longMs), [...log, interactionRecord(4, own), here]);
      const plain = await drive(foldOf(longMs), [
        interactionRecord(0, own),
        ...acts.map((act, n) => interactionRecord(n + 1, { ...nothing, ...act })),
      ]);
      expect(merged.rows).toEqual(plain.rows);
      const apart = await drive(foldOf(longMs), [interactionRecord(4, own), elsewhere]);
      expect(apart.rows).toEqual(plain.rows);
      // Items have been told when it happened.
      expect(emittedOf(apart)).toEqual(
        emittedOf(await drive(foldOf(longMs), [interactionRecord(4, own)])),
      );
      const gone = await drive(foldOf(longMs), [
        ...log,
        interactionRecord(5, { user_id: 'anon-1', item_id: '', type: mergedType }),
      ]);
      expect(gone.rows.size).toBe(0);
    });

    test('is not changed by a second emission of the same interaction', async () => {
      const first = interactionRecord(0, { item_id: 'a', occurred_at: 5_000 });
      const again = interactionRecord(1, { item_id: 'a', occurred_at: 9e9, source_offset: 0 });
      const [once, twice] = [
        await drive(foldOf(longMs), [first]),
        await drive(foldOf(longMs), [first, again]),
      ];
      expect(twice.rows).toEqual(once.rows);
      expect(twice.header?.newestMs).toEqual(once.header?.newestMs);
    });

    test('sets aside a value that does not decode, and goes on', async () => {
      const bad = { ...interactionRecord(0, {}), value: null };
      const good = interactionRecord(1, { user_id: 'ann', type: types[0] ?? '' });
      const { rows, failures } = await drive(foldOf(longMs), [bad, good]);
      expect(failures.map(({ reason }) => reason)).toEqual(['empty_value']);
      expect([...rows.keys()]).toEqual(['ann']);
    });

    test('gives for fixed logs what its revision says', async () => {
      const fold = foldOf(longMs);
      const whole = hashOf(await drive(fold, goldenLog(types, 0)));
      const absences = hashOf(await drive(fold, goldenLog(types, longMs + 1_000_000)));
      // Another hash is another result: raise the fold's revision with it.
      expect([fold.revision, whole, absences]).toEqual(golden);
    });
  });
}
