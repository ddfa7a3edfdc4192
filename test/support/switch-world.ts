import { RetryableError } from '../../lib/errors.ts';
import type { FetchedBatch } from '../../lib/kafka/group-consumer.ts';
import type { ServiceContext } from '../../lib/service.ts';
import {
  type CurrentGeneration,
  currentKey,
  isSame,
  readCurrent,
} from '../../lib/stream/current.ts';
import { FoldPartition } from '../../lib/stream/fold-partition.ts';
import { defaultBounds } from '../../lib/stream/fold-slice.ts';
import { waitBy } from '../../lib/stream/followed.ts';
import { generationFor, type Hands } from '../../lib/stream/hands.ts';
import { type Header, parseHeader } from '../../lib/stream/header.ts';
import { buildIdOf } from '../../lib/stream/identity.ts';
import { foldKeys } from '../../lib/stream/keys.ts';
import { LiveGeneration } from '../../lib/stream/live-generation.ts';
import { foldIdentity } from '../../lib/stream/memory-driver.ts';
import { memoryStore } from '../../lib/stream/memory-store.ts';
import { defaultPoisonLimits, PoisonMeter } from '../../lib/stream/poison.ts';
import type { RunnerPorts } from '../../lib/stream/ports.ts';
import { BuildWorker } from '../../lib/stream/run-build.ts';
import { switchGenerations } from '../../lib/stream/switching.ts';
import type { Fold, LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import type { Tally } from './counting-fold.ts';
import { memoryHands } from './memory-hands.ts';

type CountingFold = Fold<number, Tally, string, Tally>;

export interface SwitchWorldOptions {
  readonly seed: number;
  readonly owners: number;
  readonly deaths: number;
  readonly buildersMax: number;
}

const prefix = 'p';
const partition = 0;
const ageMsMax = 1_000_000;
class Died extends Error {}

/** Memory, a clock and a seed: everything that a switch happens in. */
export class SwitchWorld {
  readonly emitted: OutMessage[] = [];
  emittedByBuilder = 0;
  offsetsGoneBack = 0;
  switched = false;
  readonly #fold: CountingFold;
  readonly #log: readonly LogRecord[];
  readonly #options: SwitchWorldOptions;
  readonly #store = memoryStore();
  readonly #strings = new Map<string, string>();
  readonly #first: CurrentGeneration;
  readonly #second: CurrentGeneration;
  readonly #timers = new Set<{ readonly atMs: number; readonly act: () => void }>();
  #state: number;
  #nowMs = 0;
  #appended = 0;
  #highest = 0;

  constructor(fold: CountingFold, log: readonly LogRecord[], options: SwitchWorldOptions) {
    this.#fold = fold;
    this.#log = log;
    this.#options = options;
    this.#state = options.seed;
    const identity = foldIdentity(fold, 1);
    this.#first = generationFor({ fold, identity }, 1);
    this.#second = { ...this.#first, id4: buildIdOf(identity.hash, 1), build: 1 };
    this.#strings.set(currentKey(prefix, fold.name), JSON.stringify(this.#first));
  }

  /** Until everything is folded and nobody is at work on a switch, or the clock has run far. */
  async run(): Promise<void> {
    let open = this.#options.owners + 1;
    const actors = [
      ...Array.from({ length: this.#options.owners }, () => this.#reborn(() => this.#own())),
      this.#build(),
    ];
    for (const actor of actors) void actor.finally(() => (open -= 1)).catch(() => undefined);
    while (open > 0 && this.#nowMs < ageMsMax) await this.#tick();
    await Promise.race([Promise.all(actors), this.#exhausted()]);
  }

  /** What readers see in the end. */
  current(): { rows: Map<string, Buffer>; shared: Buffer; header: Header } {
    const keys = foldKeys(this.#pointer());
    const { values } = this.#store;
    const prefixOfRows = keys.row(partition, '');
    const rows = [...values].filter(([key]) => key.startsWith(prefixOfRows));
    return {
      rows: new Map(rows.map(([key, bytes]) => [key.slice(prefixOfRows.length), bytes])),
      shared: values.get(keys.shared(partition)) ?? Buffer.alloc(8),
      header: parseHeader(values.get(keys.header(partition)) ?? '0 - -'),
    };
  }

  #pointer(): CurrentGeneration {
    const text = this.#strings.get(currentKey(prefix, this.#fold.name)) ?? '';
    return JSON.parse(text) as CurrentGeneration;
  }

  async #exhausted(): Promise<never> {
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('the world did not come to rest');
  }

  /** Park and Miller's minimal standard generator. */
  #below(count: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % count;
  }

  async #tick(): Promise<void> {
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
    const isGrowing = this.#appended < this.#log.length;
    this.#nowMs += isGrowing ? 5 : 200;
    if (isGrowing && this.#below(3) === 0) this.#appended += 1;
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.act();
    }
    // What readers of the state see never goes back.
    const { header } = this.current();
    const offset = header.offsets[0] ?? 0;
    if (offset < this.#highest) this.offsetsGoneBack += 1;
    this.#highest = Math.max(this.#highest, offset);
  }

  readonly #ports: RunnerPorts = {
    open: () => Promise.reject(new Error('not here')),
    join: () => Promise.reject(new Error('not here')),
    monotonicMs: () => this.#nowMs,
    timers: {
      after: (delayMs, act) => {
        const timer = { atMs: this.#nowMs + delayMs, act };
        this.#timers.add(timer);
        return () => void this.#timers.delete(timer);
      },
      every: () => () => undefined,
    },
  };

  /** Others may come before it, and its caller may die of it, done or not; but not for ever. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    const mayDie = (): void => {
      if (this.#below(1_000) < this.#options.deaths && this.#nowMs < ageMsMax / 2) throw new Died();
    };
    for (let n = this.#below(6); n > 0; n -= 1) await Promise.resolve();
    if (this.#below(200) === 0) await waitBy(this.#ports.timers, this.#below(60_000));
    mayDie();
    const result = await work();
    mayDie();
    return result;
  }

  #hands(send: (messages: readonly OutMessage[]) => void): Hands {
    const own = { store: this.#store, strings: this.#strings, send };
    return memoryHands(own, (work) => this.#call(work));
  }

  async #reborn(life: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await life();
      } catch (error) {
        if (!(error instanceof Died)) throw error;
      }
    }
  }

  /** As run-fold.ts owns a partition. */
  async #own(): Promise<void> {
    const fold = this.#fold;
    const identity = foldIdentity(fold, 1);
    const hands = this.#hands((messages) => void this.emitted.push(...messages));
    const { redis, store } = hands;
    const { monotonicMs: clockMs } = this.#ports;
    const at = { prefix, fold: fold.name, identity, partition, ofAllSets: false, clockMs };
    const live = new LiveGeneration({ redis, store, ...at });
    let keys = foldKeys(this.#first);
    const open = () =>
      new FoldPartition(fold, {
        partition,
        identity,
        keys,
        store,
        bounds: { ...defaultBounds, recordsMax: 1 + this.#below(5) },
        meter: new PoisonMeter(defaultPoisonLimits),
        send: (messages) => hands.outbox.send(messages),
        failureMessage: () => ({ topic: 'failed', key: null, value: null }),
      });
    let state = open();
    let isLoaded = false;
    while (!this.#isOver()) {
      try {
        if (!isLoaded) {
          const now = foldKeys(await live.find());
          if (now.header(partition) !== keys.header(partition)) {
            keys = now;
            state = open();
          }
          await state.load();
          isLoaded = true;
        }
        const records = this.#log.slice(state.nextOffset, this.#appended);
        isLoaded = records.length > 0 && (await state.slice(records)).kind === 'applied';
        // An idle owner need not look what is current; the world wants to see that it finds it.
        if (records.length === 0) await waitBy(this.#ports.timers, 10);
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        isLoaded = false;
        await waitBy(this.#ports.timers, 100);
      }
    }
  }

  #isOver(): boolean {
    if (this.#appended < this.#log.length) return false;
    if (this.#isBuilding) return false;
    const keys = foldKeys(this.#pointer());
    const text = this.#store.values.get(keys.header(partition))?.toString() ?? '';
    return text.startsWith(`${this.#log.length} `) && !text.includes('!');
  }

  #isBuilding = true;

  /** As the command builds and switches; it is started again when it died, but not for ever. */
  async #build(): Promise<void> {
    for (let builder = 0; builder < this.#options.buildersMax; builder += 1) {
      try {
        await this.#buildOnce();
        break;
      } catch (error) {
        if (!(error instanceof Died)) throw error;
        await waitBy(this.#ports.timers, this.#below(40_000));
      }
    }
    this.#isBuilding = false;
    this.switched = isSame(this.#pointer(), this.#second);
  }

  async #buildOnce(): Promise<void> {
    const hands = this.#hands((messages) => void (this.emittedByBuilder += messages.length));
    const worker = new BuildWorker(this.#fold, {
      context: context(),
      hands,
      generation: this.#second,
      follows: this.#first,
      failureMessage: () => ({ topic: 'failed', key: null, value: null }),
      ports: this.#ports,
      partition,
      emitted: () => Infinity,
    });
    let isLevel = false;
    let isDone = false;
    const folding = async (): Promise<void> => {
      let isLoaded = false;
      while (!isDone) {
        try {
          if (!isLoaded) await worker.load();
          isLoaded = true;
          const records = this.#log.slice(worker.header().offsets[0] ?? 0, this.#appended);
          const advance = await worker.advance(0, records, batch);
          isLoaded = advance.kind === 'done';
          isLevel ||= advance.kind === 'wait' || records.length === 0;
          if (records.length === 0) await waitBy(this.#ports.timers, 20);
        } catch (error) {
          if (!(error instanceof RetryableError)) throw error;
          isLoaded = false;
          await waitBy(this.#ports.timers, 100);
        }
      }
    };
    const switching = async (): Promise<void> => {
      for (;;) {
        while (!isLevel) await waitBy(this.#ports.timers, 20);
        const current = await readCurrent(hands.redis, prefix, this.#fold.name);
        if (current === null || isSame(current, this.#second)) break;
        const token = this.#below(2_000_000_000).toString(16);
        const { redis, store } = hands;
        const to = this.#second;
        const options = { redis, store, prefix, current, to, inputs: 1, token };
        await switchGenerations({ ...options, ports: this.#ports });
      }
    };
    try {
      await Promise.race([folding(), switching()]);
    } finally {
      isDone = true;
    }
  }
}

const batch = { stale: () => false } as unknown as FetchedBatch;

const context = (): ServiceContext =>
  ({
    config: { prefix, sliceRecordsMax: 4, failedInARowMax: 100, failedOf1000Max: 500 },
  }) as unknown as ServiceContext;
