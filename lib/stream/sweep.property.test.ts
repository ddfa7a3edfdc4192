import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  forgettingFold,
  forgettingOracle,
  happened,
  type Happening,
  keepingFold,
  rowText,
} from '../../test/support/forgetting-fold.ts';
import { RetryableError } from '../errors.ts';
import { FoldPartition } from './fold-partition.ts';
import { defaultBounds } from './fold-slice.ts';
import { parseHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import { drive, foldIdentity } from './memory-driver.ts';
import { memoryStore } from './memory-store.ts';
import { PoisonMeter } from './poison.ts';
import type { StateStore } from './store.ts';
import { emptyTally, lookAtRows, sweepChunk } from './sweep-rows.ts';
import type { Fold, LogRecord, OutMessage } from './topology.ts';

const horizonMs = 20;

/** What happens to a slice of an owner, or to a sweep. */
const fates = ['fine', 'fine', 'crash_after_send', 'lost_reply', 'late'] as const;
type Fate = (typeof fates)[number];

interface Step {
  readonly fate: Fate;
  readonly size: number;
}

const steps = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ fate: fc.constantFrom(...fates), size: fc.integer({ min: 1, max: 6 }) }), {
    minLength: 1,
    maxLength,
  });

/** Time goes on by steps, some of them past the horizon; some units come late. */
const logs: fc.Arbitrary<readonly LogRecord[]> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 1, 4, 9, 21, 60),
      units: fc.option(
        fc.array(
          fc.record({
            key: fc.constantFrom('a', 'b', 'c', 'd'),
            n: fc.integer({ min: -1, max: 9 }),
            late: fc.constantFrom(0, 0, 0, 5, 30),
            forget: fc.constantFrom(false, false, false, false, true),
          }),
          { maxLength: 3 },
        ),
        { nil: null, freq: 8 },
      ),
    }),
    { minLength: 1, maxLength: 24 },
  )
  .map((rows) => {
    let clockMs = 0;
    return rows.map(({ gap, units }, offset) => {
      clockMs += gap;
      const of = units?.map(
        ({ key, n, late, forget }): Happening => ({
          key,
          n,
          forget,
          atMs: Math.max(0, clockMs - late),
        }),
      );
      return happened(offset, of ?? null);
    });
  });

class Crash extends Error {}

type AnyForgetting = Fold<Happening, unknown, string>;
/** Rows as users have them; and kept by their owner, all or few of them, and patched. */
const folds = [
  ['read and written whole', forgettingFold(horizonMs)],
  ['kept and patched', keepingFold(horizonMs, 100_000)],
  ['kept in part and patched', keepingFold(horizonMs, 300)],
].map(([name, fold]) => ({ name: name as string, fold: fold as AnyForgetting }));

/** Owners and sweepers over one store and one log, each of whose effects happens when `s` says. */
class World {
  readonly store = memoryStore();
  readonly sent: OutMessage[] = [];
  readonly late: Promise<unknown>[] = [];
  readonly fold: AnyForgetting;
  readonly identity;
  readonly keys;
  readonly log: readonly LogRecord[];
  readonly s: fc.Scheduler;

  constructor(log: readonly LogRecord[], s: fc.Scheduler, fold: AnyForgetting) {
    this.log = log;
    this.s = s;
    this.fold = fold;
    this.identity = foldIdentity(fold, 1);
    this.keys = foldKeys({ ...fold, id4: this.identity.id4 });
  }

  async own(plan: readonly Step[]): Promise<void> {
    let step: Step = { fate: 'fine', size: 1 };
    const owner = this.#owner(() => step.fate);
    for (step of plan) {
      try {
        await owner.load();
        const rest = this.log.slice(owner.nextOffset, owner.nextOffset + step.size);
        if (rest.length > 0) await owner.slice(rest);
      } catch (error) {
        if (error instanceof Crash) return;
        if (!(error instanceof RetryableError)) throw error;
        owner.drop();
      }
    }
  }

  async sweep(plan: readonly Step[]): Promise<void> {
    for (const { fate, size } of plan) {
      const store = this.#store(() => fate);
      const prefix = this.keys.row(0, '');
      const listed = [...this.store.values.keys()].filter((key) => key.startsWith(prefix));
      const headerKey = this.keys.header(0);
      const { horizon, rows } = this.fold;
      const lastMs = (row: Buffer): number => horizon?.lastMs(rows.decode(row)) ?? 0;
      const look = (keys: readonly string[]) =>
        lookAtRows({ store, headerKey, horizonMs, lastMs }, keys);
      try {
        const keys = listed.slice(0, size);
        await sweepChunk({ store, headerKey, keys, dryRun: false, look }, emptyTally());
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
      }
    }
  }

  /** The last owner, in peace: the log is folded to its end. */
  async finish(): Promise<void> {
    const owner = this.#owner(() => 'fine');
    await owner.load();
    for (let rounds = 0; owner.nextOffset < this.log.length; rounds += 1) {
      if (rounds > 200) throw new Error('the last owner does not get on');
      const rest = this.log.slice(owner.nextOffset, owner.nextOffset + 5);
      if ((await owner.slice(rest)).kind === 'restart') await owner.load();
    }
  }

  #owner(fate: () => Fate) {
    const { fold, identity, keys, s } = this;
    return new FoldPartition(fold, {
      partition: 0,
      identity,
      keys,
      store: this.#store(fate),
      bounds: defaultBounds,
      meter: new PoisonMeter({ consecutiveMax: 100, inWindowMax: 100, windowRecords: 100 }),
      send: async (messages) => {
        await s.schedule(Promise.resolve(), 'send');
        this.sent.push(...messages);
        if (fate() === 'crash_after_send') throw new Crash();
      },
      failureMessage: ({ record }) => ({ topic: 'failed', key: null, value: record.value }),
    });
  }

  #store(fate: () => Fate): StateStore {
    const { store, s } = this;
    const change = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const own = fate();
      const run = async (): Promise<T> => {
        await s.schedule(Promise.resolve(), name);
        const result = await work();
        this.check();
        return result;
      };
      if (own === 'late') {
        this.late.push(run());
        throw new RetryableError('no reply in time');
      }
      const result = await run();
      if (own === 'lost_reply') throw new RetryableError('the reply was lost');
      return result;
    };
    return {
      ...store,
      load: async (keys) => {
        await s.schedule(Promise.resolve(), 'load');
        return store.load(keys);
      },
      commit: (commit) => change('commit', () => store.commit(commit)),
      remove: (removal) => change('remove', () => store.remove(removal)),
    };
  }

  /** At every moment: what has not expired is there, and is as the log says. */
  check(): void {
    const { store, keys } = this;
    const header = parseHeader(store.values.get(keys.header(0)) ?? '0 - -');
    const wanted = forgettingOracle(this.log.slice(0, header.offsets[0]), horizonMs);
    expect(header.newestMs[0]).toBe(wanted.newestMs);
    const prefix = keys.row(0, '');
    const rows = [...store.values]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, bytes]): [string, string] => [key.slice(prefix.length), rowText(bytes)])
      .filter(([, text]) => Number(text.split(' ')[2]) + horizonMs >= wanted.newestMs);
    expect(new Map(rows)).toEqual(wanted.rows);
  }

  /** The first of each emission, in order; repeats say the same. */
  checkEmissions(): void {
    const told = this.sent.filter(({ topic }) => topic === 'told');
    const firsts = new Set(told.map(({ value }) => String(value)));
    const { emitted } = forgettingOracle(this.log, horizonMs);
    expect([...firsts]).toEqual([...new Set(emitted)]);
  }
}

test.each(folds)(
  'rows $name: whoever sweeps, and whenever, nothing later can tell',
  async ({ fold }) => {
    const owners = fc.array(steps(6), { minLength: 1, maxLength: 2 });
    const sweepers = fc.array(steps(6), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), logs, owners, sweepers, async (s, log, own, swept) => {
        const world = new World(log, s, fold);
        const all = [
          ...own.map((plan) => world.own(plan)),
          ...swept.map((plan) => world.sweep(plan)),
        ];
        await s.waitFor(Promise.all(all));
        const more = swept.map((plan) => world.sweep(plan));
        await s.waitFor(Promise.all([world.finish(), ...more, ...world.late]));
        await s.waitFor(Promise.all(world.late));
        world.check();
        world.checkEmissions();
      }),
      { numRuns: 600 },
    );
  },
  60_000,
);

test.each(folds)('rows $name: without any sweep it is the same', async ({ fold }) => {
  await fc.assert(
    fc.asyncProperty(logs, fc.integer({ min: 1, max: 8 }), async (log, recordsMax) => {
      const { emitted } = await drive(fold, log, { bounds: { recordsMax } });
      const told = emitted.filter(({ topic }) => topic === 'told');
      expect(told.map(({ value }) => String(value))).toEqual(
        forgettingOracle(log, horizonMs).emitted,
      );
    }),
  );
});
