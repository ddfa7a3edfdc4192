import { beforeEach, describe, expect, test, vi } from 'vitest';

import { RetryableError } from '../errors.ts';
import type { FetchedBatch, GroupConsumer, GroupOptions } from '../kafka/group-consumer.ts';
import type { RunnerAdmin } from './memory-log.ts';
import type { OutMessage } from './topology.ts';

/** A log with one topic of two partitions that nobody has used. */
export interface LogPort {
  readonly topic: string;
  readonly groupId: string;
  readonly admin: RunnerAdmin;
  send(messages: readonly OutMessage[]): Promise<void>;
  join(options: JoinOptions): Promise<GroupConsumer>;
  /** Retention: the partition begins at `low`. */
  trim(partition: number, low: number): Promise<void>;
}

export type JoinOptions = Pick<GroupOptions, 'onAssigned' | 'onBatch' | 'onFatal' | 'pauseOnJoin'>;

/** A member of the group that keeps what it is given. */
class Reader {
  readonly seen: FetchedBatch[] = [];
  readonly assigned: (readonly number[])[] = [];
  readonly fatal: Error[] = [];
  onBatch: (batch: FetchedBatch) => void | Promise<void> = ({ resolve, records }) =>
    resolve(records.at(-1)?.offset ?? 0);
  #group: GroupConsumer | null = null;

  get group(): GroupConsumer {
    if (this.#group === null) throw new Error('has not joined yet');
    return this.#group;
  }

  async join(port: LogPort): Promise<void> {
    this.#group = await port.join({
      pauseOnJoin: true,
      onAssigned: (assigned) => void this.assigned.push(assigned.get(port.topic) ?? []),
      onBatch: async (batch) => {
        this.seen.push(batch);
        await this.onBatch(batch);
      },
      onFatal: (error) => void this.fatal.push(error),
    });
  }

  offsets(partition: number): number[] {
    const own = this.seen.filter((batch) => batch.partition === partition);
    return own.flatMap(({ records }) => records.map(({ offset }) => offset));
  }
}

const settled = { timeout: 60_000, interval: 10 };

/**
 * What the runner rests on where it reads logs and shares partitions; in the simulation a fake does
 * it, so the fake must do it too. Not in here: what is only likely, and what nobody may rest on.
 */
export function logConformance(name: string, open: () => Promise<LogPort>): void {
  describe(`logs and groups: ${name}`, () => {
    let port: LogPort;
    let readers: Reader[] = [];
    beforeEach(async () => {
      port = await open();
      readers = [];
      return async () => {
        for (const { group } of readers) await group.stop();
      };
    });

    const reader = async (): Promise<Reader> => {
      const joining = new Reader();
      await joining.join(port);
      readers.push(joining);
      return joining;
    };
    const send = (partition: number, ...values: readonly string[]) =>
      port.send(
        values.map((value) => ({
          topic: port.topic,
          partition,
          key: 'k',
          value: Buffer.from(value),
        })),
      );
    const begin = ({ group }: Reader, partition: number, offset: number): void => {
      group.seek(port.topic, partition, offset);
      group.resume(port.topic, partition);
    };
    const until = (check: () => void) => vi.waitFor(check, settled);
    const bounds = async (partition: number) => {
      const all = await port.admin.topicOffsets(port.topic);
      return all.find((row) => row.partition === partition);
    };

    test('what is sent lies in its partition in the order of the sends', async () => {
      await send(0, 'a', 'b');
      await send(0, 'c');
      await send(1, 'd');
      expect(await bounds(0)).toEqual({ partition: 0, low: 0, high: 3 });
      expect(await bounds(1)).toEqual({ partition: 1, low: 0, high: 1 });
      const one = await reader();
      begin(one, 0, 0);
      await until(() => expect(one.offsets(0)).toEqual([0, 1, 2]));
      const values = one.seen.flatMap(({ records }) => records.map(({ value }) => String(value)));
      expect(values).toEqual(['a', 'b', 'c']);
      expect(one.seen.at(-1)?.highWatermark).toBe(3);
    });

    test('of what was assigned nothing comes before it is asked for', async () => {
      await send(0, 'a');
      await send(1, 'b');
      const one = await reader();
      expect(one.assigned).toEqual([[0, 1]]);
      begin(one, 1, 0);
      await until(() => expect(one.offsets(1)).toEqual([0]));
      expect(one.offsets(0)).toEqual([]);
    });

    test('what was not resolved comes again, and what was resolved does not', async () => {
      await send(0, 'a', 'b');
      const one = await reader();
      one.onBatch = ({ resolve }) => (one.seen.length > 1 ? resolve(1) : undefined);
      begin(one, 0, 0);
      await until(() => expect(one.seen.length).toBeGreaterThan(1));
      await send(0, 'c');
      await until(() => expect(one.offsets(0)).toContain(2));
      expect(one.seen.map(({ records }) => records[0]?.offset).slice(0, 3)).toEqual([0, 0, 2]);
    });

    test('who seeks elsewhere makes the batch in hand stale, and is given what was sought', async () => {
      await send(0, 'a', 'b', 'c', 'd');
      const one = await reader();
      const stale: boolean[] = [];
      one.onBatch = (batch) => {
        stale.push(batch.stale());
        if (one.seen.length === 1) one.group.seek(port.topic, 0, 3);
        stale.push(batch.stale());
        if (one.seen.length > 1) batch.resolve(3);
      };
      begin(one, 0, 1);
      await until(() => expect(one.seen.length).toBe(2));
      expect(stale).toEqual([false, true, false, false]);
      expect(one.seen.map(({ records }) => records[0]?.offset)).toEqual([1, 3]);
    });

    test('a paused partition waits, and goes on after what was resolved', async () => {
      await send(0, 'a');
      const one = await reader();
      const resolve = one.onBatch;
      one.onBatch = (batch) => {
        if (batch.partition === 0) one.group.pause(port.topic, 0);
        return resolve(batch);
      };
      begin(one, 0, 0);
      await until(() => expect(one.offsets(0)).toEqual([0]));
      await send(0, 'b');
      await send(1, 'c');
      begin(one, 1, 0);
      await until(() => expect(one.offsets(1)).toEqual([0]));
      expect(one.offsets(0)).toEqual([0]);
      one.group.resume(port.topic, 0);
      await until(() => expect(one.offsets(0)).toEqual([0, 1]));
    });

    test('a log whose beginning is gone is read from what is left', async () => {
      await send(0, 'a', 'b', 'c', 'd');
      await port.trim(0, 2);
      expect(await bounds(0)).toEqual({ partition: 0, low: 2, high: 4 });
      const one = await reader();
      begin(one, 0, 1);
      await until(() => expect(one.offsets(0)).toEqual([2, 3]));
    });

    test('a group has no progress until it says so', async () => {
      await send(0, 'a', 'b');
      const progress = async () =>
        Object.fromEntries(await port.admin.groupOffsets(port.groupId, port.topic));
      expect(await progress()).toEqual({ 0: -1, 1: -1 });
      const one = await reader();
      await one.group.commit([{ topic: port.topic, partition: 0, offset: 2 }]);
      expect(await progress()).toEqual({ 0: 2, 1: -1 });
    });

    test('a second member is given a part; the first hears of it, and has everything paused', async () => {
      await send(0, 'a');
      await send(1, 'b');
      const one = await reader();
      for (const partition of [0, 1]) begin(one, partition, 0);
      await until(() => expect(one.seen.length).toBe(2));
      const other = await reader();
      const both = () => [one.assigned.at(-1) ?? [], other.assigned.at(-1) ?? []];
      await until(() => expect(one.assigned.length).toBeGreaterThan(1));
      await until(() =>
        expect(
          both()
            .flat()
            .toSorted((a, b) => a - b),
        ).toEqual([0, 1]),
      );
      const [kept] = both()[0] ?? [];
      await send(0, 'c');
      await send(1, 'd');
      const seen = one.seen.length;
      if (kept === undefined) return;
      begin(one, kept, 1);
      await until(() => expect(one.seen.length).toBeGreaterThan(seen));
      expect(one.seen.at(-1)?.partition).toBe(kept);
      expect(one.offsets(kept)).toEqual([0, 1]);
      expect(one.offsets(1 - kept)).toEqual([0]);
    });

    test('whoever works on while the group changes is told by the next heartbeat that counts', async () => {
      await send(0, 'a');
      const one = await reader();
      let told: unknown = null;
      one.onBatch = async (batch) => {
        if (one.seen.length > 1) return batch.resolve(0);
        for (let other: Promise<Reader> | null = null; told === null; ) {
          other ??= reader();
          await batch.heartbeat().catch((error: unknown) => (told = error));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      begin(one, 0, 0);
      await until(() => expect(told).toBeInstanceOf(RetryableError));
      await until(() => expect(one.assigned.length).toBeGreaterThan(1));
      await until(() => expect(readers.length).toBe(2));
      expect(one.fatal).toEqual([]);
    });

    test('who stops finishes the batch in hand, and is given no other', async () => {
      await send(0, 'a');
      const one = await reader();
      let finished = false;
      let stopping: Promise<void> | undefined;
      one.onBatch = async (batch) => {
        stopping = one.group.stop();
        expect(batch.stale()).toBe(true);
        await send(0, 'b');
        batch.resolve(0);
        finished = true;
      };
      begin(one, 0, 0);
      await until(() => expect(stopping).toBeDefined());
      await (stopping as Promise<void> | undefined);
      expect(finished).toBe(true);
      expect(one.offsets(0)).toEqual([0]);
    });
  });
}
