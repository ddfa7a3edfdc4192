import { messageOf, RetryableError } from '../../lib/errors.ts';
import type { Generation } from '../../lib/stream/generations.ts';
import { offsetIn } from '../../lib/stream/header.ts';
import { generationsOf, type PersonalModel } from '../../retrieval/personal-models.ts';
import { candidatesName } from './lists.ts';
import {
  decodeWarmMarks,
  heldMarks,
  isWarm,
  type Scope,
  type WarmMark,
  warmMarksKey,
} from './warm-marks.ts';
import { PartitionWarming, type WarmingOptions, writeMarks } from './warm-partition.ts';

const lookMs = 1_000;
const retryMs = 5_000;
/** Records that a fold may have before it and still count as caught up: it is never quite still. */
const lagMax = 1_000;
const signalsName = 'signals';
const learning = 'learning:';

interface Owned {
  readonly partition: number;
  readonly header: Buffer | null;
  readonly marks: readonly WarmMark[];
}

interface Wanted {
  readonly model: PersonalModel;
  readonly version: string;
  readonly scope: Scope;
  readonly days: number;
}

/** What all partitions have in common in one look. */
interface Looked {
  readonly own: Generation;
  readonly generations: ReadonlyMap<string, Generation>;
  readonly wanted: readonly Wanted[];
  readonly owned: readonly Owned[];
}

/**
 * A version serves an experiment well only where its users have lists of it. Whoever owns a
 * partition of `candidates` looks again and again for versions in use that are not warm there, and
 * makes the lists of everybody who was active of late, beside the slices of live interactions.
 */
export class Warming {
  readonly #options: WarmingOptions;
  /** When a version's folds were last found behind while this service was not. */
  readonly #behindMs = new Map<string, number>();
  readonly #shown = new Set<string>();
  #stopped = false;

  constructor(options: WarmingOptions) {
    this.#options = options;
  }

  /** Ends when it is stopped, or with a fault that does not pass. */
  async run(warn: (message: string) => void): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.round();
        await this.#options.pause(lookMs);
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        warn(`lists of new versions wait: ${messageOf(error)}`);
        await this.#options.pause(retryMs);
      }
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** One look at all partitions, and what there is to do in them. */
  async round(): Promise<void> {
    const looked = await this.#look();
    if (looked === null) return;
    for (const owned of looked.owned) await this.#tidy(looked, owned);
    const cold = looked.owned.flatMap((owned) => {
      const models = looked.wanted.filter(
        (one) =>
          one.scope.length > 0 &&
          !isWarm(
            owned.marks.find(({ version }) => version === one.version),
            one,
          ),
      );
      return models.length === 0 || owned.header === null ? [] : [{ owned, models }];
    });
    this.#show(
      looked.wanted,
      new Set(cold.flatMap(({ models }) => models.map((one) => one.version))),
    );
    if (cold.length === 0) return;
    const bounds = await this.#options.log.since(this.#options.lists.config.warmDays);
    const isBehind = await this.#foldsBehind(looked, bounds);
    for (const [at, { owned, models }] of cold.entries()) {
      if (this.#stopped) return;
      const part = bounds[owned.partition];
      // In a backlog of its own lists are made as its slices come.
      if (part === undefined || part.end - offsetIn(owned.header) > lagMax) continue;
      const ready = models.filter((one) => !this.#waits(one, looked, isBehind));
      if (ready.length === 0) continue;
      const job = {
        partition: owned.partition,
        own: looked.own,
        models: ready.map(({ model }) => model),
        part,
        fromMs: this.#fromMs(ready, owned.marks),
        partitionsAfter: cold.length - 1 - at,
      };
      await new PartitionWarming(job, this.#options, () => this.#stopped).run();
    }
  }

  async #look(): Promise<Looked | null> {
    const { lists, scopeOf, owns } = this.#options;
    if (lists.models.ready() !== null) return null;
    const models = lists.models.personal();
    const wanted = models.map((model) => {
      const { version } = model;
      return { model, version, scope: scopeOf(version), days: lists.config.warmDays };
    });
    const learned = models.flatMap((model) => model.learned);
    const generations = await lists.generations.read([candidatesName, signalsName, ...learned]);
    const own = generations.get(candidatesName);
    if (own === undefined) return null;
    const partitions = Array.from({ length: own.current.partitions }, (_, at) => at).filter(owns);
    const states = await lists.redis.mgetMany(
      partitions.map((at) => [own.keys.header(at), own.keys.row(at, warmMarksKey)]),
    );
    const owned = partitions.map((partition, at) => {
      const [header = null, marks = null] = states[at] ?? [];
      return { partition, header, marks: decodeWarmMarks(marks) };
    });
    return { own, generations, wanted, owned };
  }

  /** Lists of what is not wanted any more are no longer kept: its mark must not outlive that. */
  async #tidy({ own, wanted }: Looked, { partition, header, marks }: Owned): Promise<void> {
    const held = heldMarks(marks, wanted);
    if (header === null || same(held, marks)) return;
    await writeMarks({ own, partition }, this.#options, (now) => heldMarks(now, wanted));
  }

  #show(wanted: readonly Wanted[], cold: ReadonlySet<string>): void {
    const { counted } = this.#options;
    const versions = new Set(wanted.map(({ version }) => version));
    for (const version of this.#shown) {
      if (versions.has(version)) continue;
      counted.forget(version);
      this.#shown.delete(version);
    }
    for (const version of versions) {
      this.#shown.add(version);
      if (!cold.has(version)) counted.left(version, 0);
    }
  }

  /** Whether a fold has more before it than one in step has. */
  async #foldsBehind(
    { generations, wanted }: Looked,
    bounds: readonly { readonly end: number }[],
  ): Promise<(name: string) => boolean> {
    const { log, lists } = this.#options;
    const signalEnds = await log.signalEnds();
    const names = new Set(wanted.flatMap(({ model }) => model.learned));
    const ends = new Map<string, readonly number[]>();
    for (const name of names) if (name.startsWith(learning)) ends.set(name, signalEnds);
    // What learners have not been told they cannot be behind of.
    if (ends.size > 0)
      ends.set(
        signalsName,
        bounds.map(({ end }) => end),
      );
    const behind = new Set<string>();
    for (const [name, own] of ends) {
      const generation = generations.get(name);
      const headers = await lists.redis.mgetMany(
        generation === undefined ? [] : own.map((_, at) => [generation.keys.header(at)]),
      );
      const lag = own.reduce((sum, end, at) => sum + end - offsetIn(headers[at]?.[0] ?? null), 0);
      if (generation === undefined || lag > lagMax) behind.add(name);
    }
    return (name) => behind.has(name) || (name.startsWith(learning) && behind.has(signalsName));
  }

  #waits(
    { model, version }: Wanted,
    { generations }: Looked,
    isBehind: (name: string) => boolean,
  ): boolean {
    const waits = generationsOf(model, generations) === null || model.learned.some(isBehind);
    if (waits) this.#behindMs.set(version, this.#options.lists.nowMs());
    return waits;
  }

  /** What was made of half of what is learned is made again; who goes on keeps to what was begun. */
  #fromMs(ready: readonly Wanted[], marks: readonly WarmMark[]): ReadonlyMap<string, number> {
    return new Map(
      ready.map(({ version }) => {
        const begun = marks.find((mark) => mark.version === version && !mark.isDone)?.fromMs ?? 0;
        return [version, Math.max(begun, this.#behindMs.get(version) ?? 0)];
      }),
    );
  }
}

const same = (a: readonly WarmMark[], b: readonly WarmMark[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
