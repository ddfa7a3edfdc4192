import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  type CountingInput,
  countingFold,
  countingOracle,
  countingRecord,
  emissionText,
  tallyText,
} from '../../test/support/counting-fold.ts';
import { RetryableError } from '../errors.ts';
import { FoldPartition } from './fold-partition.ts';
import { defaultBounds } from './fold-slice.ts';
import { foldKeys } from './keys.ts';
import { foldIdentity } from './memory-driver.ts';
import { memoryStore } from './memory-store.ts';
import { PoisonMeter } from './poison.ts';
import type { StateStore } from './store.ts';
import type { LogRecord, OutMessage } from './topology.ts';

/** What happens to one slice of one owner. */
const fates = [
  'fine',
  /** The process ends after the broker has the emissions. */
  'crash_after_send',
  /** The commit runs and its reply is lost. */
  'lost_reply',
  /** The caller gives up, and the commit runs some time later. */
  'late_commit',
  /** Emissions arrive in part, and the send is not acknowledged. */
  'send_cut',
] as const;
type Fate = (typeof fates)[number];

interface Step {
  readonly fate: Fate;
  readonly recordsMax: number;
}

const inputs: fc.Arbitrary<CountingInput[]> = fc
  .array(
    fc.record({
      units: fc.array(
        fc.record({ key: fc.constantFrom('a', 'b', 'c'), n: fc.integer({ min: -1, max: 9 }) }),
        { maxLength: 3 },
      ),
      source: fc.nat(1),
      // A step back is a source record that was emitted again.
      step: fc.constantFrom(1, 1, 1, 2, 0, -1, -2),
      fails: fc.constantFrom(false, false, false, false, true),
    }),
    { minLength: 1, maxLength: 24 },
  )
  .map((rows) => {
    const next = [0, 0];
    return rows.map(({ units, source, step, fails }): CountingInput => {
      const offset = Math.max(0, (next[source] ?? 0) + step - 1);
      next[source] = Math.max(next[source] ?? 0, offset + 1);
      const from = { lineage: 'source', partition: source, offset };
      return fails ? { from, units, fails: 'undecodable' } : { from, units };
    });
  });

const plans: fc.Arbitrary<Step[][]> = fc.array(
  fc.array(
    fc.record({
      fate: fc.constantFrom(...fates, 'fine' as const, 'fine' as const),
      recordsMax: fc.integer({ min: 1, max: 8 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  { minLength: 1, maxLength: 3 },
);

class Crash extends Error {}

/** Several owners over one store and one log, each of whose effects happens when `s` says. */
class World {
  readonly sent: OutMessage[] = [];
  readonly store = memoryStore();
  readonly fold = countingFold({ cacheBytesMax: 10_000 });
  readonly identity = foldIdentity(this.fold, 1);
  readonly keys = foldKeys({ ...this.fold, id4: this.identity.id4 });
  readonly late: Promise<unknown>[] = [];
  readonly log: readonly LogRecord[];
  readonly s: fc.Scheduler;
  offset = 0;

  constructor(log: readonly LogRecord[], s: fc.Scheduler) {
    this.log = log;
    this.s = s;
  }

  async own(plan: readonly Step[]): Promise<void> {
    let step: Step = { fate: 'fine', recordsMax: 1 };
    const owner = this.#owner(() => step);
    for (step of plan) {
      try {
        await owner.load();
        const rest = this.log.slice(owner.nextOffset, owner.nextOffset + step.recordsMax);
        if (rest.length > 0) await owner.slice(rest);
        // Often an owner goes on without looking again.
        const more = this.log.slice(owner.nextOffset, owner.nextOffset + step.recordsMax);
        if (more.length > 0) await owner.slice(more);
      } catch (error) {
        if (error instanceof Crash) return;
        if (!(error instanceof RetryableError)) throw error;
        owner.drop();
      }
    }
  }

  /** The last owner, in peace: the log is folded to its end. */
  async finish(): Promise<void> {
    const owner = this.#owner(() => ({ fate: 'fine', recordsMax: 5 }));
    await owner.load();
    // A late commit of an older owner may still overtake it: once each.
    for (let rounds = 0; owner.nextOffset < this.log.length; rounds += 1) {
      if (rounds > 200) throw new Error('the last owner does not get on');
      const rest = this.log.slice(owner.nextOffset, owner.nextOffset + 5);
      if ((await owner.slice(rest)).kind === 'restart') await owner.load();
    }
  }

  #owner(step: () => Step) {
    const { fold, identity, keys, s } = this;
    return new FoldPartition(fold, {
      partition: 0,
      identity,
      keys,
      store: this.#store(step),
      bounds: defaultBounds,
      meter: new PoisonMeter({ consecutiveMax: 100, inWindowMax: 100, windowRecords: 100 }),
      send: async (messages) => {
        const { fate } = step();
        const arrive = fate === 'send_cut' ? messages.slice(0, messages.length / 2) : messages;
        await s.schedule(Promise.resolve(), 'send');
        this.sent.push(...arrive);
        if (fate === 'crash_after_send') throw new Crash();
        if (fate === 'send_cut') throw new RetryableError('no acknowledgement');
      },
      failureMessage: ({ record }) => ({
        topic: 'failed',
        key: `${record.offset}`,
        value: record.value,
      }),
    });
  }

  #store(step: () => Step): StateStore {
    const { store, s } = this;
    return {
      ...store,
      load: async (keys) => {
        await s.schedule(Promise.resolve(), 'load');
        return store.load(keys);
      },
      commit: async (commit) => {
        const { fate } = step();
        const run = async () => {
          await s.schedule(Promise.resolve(), 'commit');
          const result = await store.commit(commit);
          this.check();
          return result;
        };
        if (fate === 'late_commit') {
          this.late.push(run());
          throw new RetryableError('no reply in time');
        }
        const result = await run();
        if (fate === 'lost_reply') throw new RetryableError('the reply was lost');
        return result;
      },
    };
  }

  /** I3: at every moment the state is the fold of the log up to the stored offset. */
  check(): void {
    const { store, keys } = this;
    const offset = Number(String(store.values.get(keys.header(0)) ?? '0').split(' ')[0]);
    // I4: and the offset never goes back.
    expect(offset).toBeGreaterThanOrEqual(this.offset);
    this.offset = offset;
    const wanted = countingOracle(this.log.slice(0, offset));
    const prefix = keys.row(0, '');
    const rows = [...store.values]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, bytes]): [string, string] => [key.slice(prefix.length), tallyText(bytes)]);
    expect(new Map(rows)).toEqual(wanted.rows);
    const shared = store.values.get(keys.shared(0));
    if (shared !== undefined) expect(tallyText(shared)).toBe(wanted.shared);
  }

  /** Every emission is the right one, and the first of each position come in order. */
  checkEmissions(): void {
    const wanted = countingOracle(this.log);
    const known = new Set(wanted.emitted);
    const firsts: string[] = [];
    const told = new Set<string>();
    for (const { topic, value } of this.sent) {
      if (topic === 'failed') continue;
      const text = emissionText(value);
      expect(known).toContain(text);
      if (!told.has(text)) firsts.push(text);
      told.add(text);
    }
    expect(firsts).toEqual(wanted.emitted);
    const failed = this.sent
      .filter(({ topic }) => topic === 'failed')
      .map(({ key }) => Number(key));
    expect(new Set(failed)).toEqual(new Set(wanted.failed));
  }
}

test('whoever owns, crashes, hangs or comes late: state is the fold of the log, emissions are its', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), inputs, plans, async (s, log, steps) => {
      const world = new World(
        log.map((input, offset) => countingRecord(offset, input)),
        s,
      );
      const owners = steps.map((plan) => world.own(plan));
      await s.waitFor(Promise.all(owners));
      const last = world.finish();
      await s.waitFor(last);
      await s.waitFor(Promise.all(world.late));
      world.check();
      world.checkEmissions();
      expect(world.offset).toBe(log.length);
    }),
    { numRuns: 600 },
  );
}, 60_000);
