import type { RedisPort } from '../lib/redis/redis-port.ts';
import type { Generation } from '../lib/stream/generations.ts';
import type { Learned, PersonalRetrieval, Profile, World } from '../models/model.ts';
import { KeptReads, Missing, Rankings } from './kept-reads.ts';

/** A profile that a retrieval wants to read for. */
export interface ReadTask {
  readonly retrieval: PersonalRetrieval;
  /** In the order of the retrieval's sources; undefined: nothing was learned of it yet. */
  readonly generations: readonly (Generation | undefined)[];
  readonly profile: Profile;
  readonly world: World;
}

export interface ReadBounds {
  /** Of rows that are kept, and of figures. */
  readonly rowsBytesMax: number;
  /** Absent or 0: rows are kept within one slice alone. */
  readonly rowsAgeMsMax?: number;
  readonly figuresAgeMsMax: number;
  readonly figuresMax: number;
  readonly rankingAgeMsMax: number;
}

type Reads = Pick<RedisPort, 'mgetMany' | 'getRanges'>;
/** Ids by task and source. */
type Lists = readonly (readonly (readonly string[])[])[];
type Found = ReadonlyMap<string, Buffer>;
const nothing: Found = new Map();

/**
 * Reads what retrievals want, for any number of profiles together in two round trips: rows (and
 * rankings that are due), then the figures of what these found. One per process; what was read is
 * kept for stated ages. An older row knows less, so what `learnedUpTo` says of rows holds of it.
 */
export class LearnedReads {
  readonly #redis: Reads;
  readonly #bounds: ReadBounds;
  /** Null: each slice has its own. */
  readonly #rows: KeptReads | null;
  readonly #heads: KeptReads;
  readonly #rankings: Rankings;

  constructor(redis: Reads, bounds: ReadBounds) {
    this.#redis = redis;
    this.#bounds = bounds;
    const { rowsAgeMsMax: ageMsMax = 0, rowsBytesMax: bytesMax } = bounds;
    this.#rows = ageMsMax === 0 ? null : new KeptReads({ ageMsMax, bytesMax, rowsMax: Infinity });
    this.#heads = new KeptReads({
      ageMsMax: bounds.figuresAgeMsMax,
      bytesMax: bounds.rowsBytesMax,
      rowsMax: bounds.figuresMax,
    });
    this.#rankings = new Rankings(bounds.rankingAgeMsMax);
  }

  /** The rows of a slice: its own, or those of the slices before as well. */
  newSlice(): KeptReads {
    if (this.#rows !== null) return this.#rows;
    const { rowsBytesMax: bytesMax } = this.#bounds;
    return new KeptReads({ ageMsMax: Infinity, bytesMax, rowsMax: Infinity });
  }

  /** Per task and source what is known of it, for `rank`, `explain` or a trainer's `note`. */
  async read(
    tasks: readonly ReadTask[],
    given: { readonly rows: KeptReads; readonly nowMs: number },
  ): Promise<readonly (readonly Learned[])[]> {
    const { rows, nowMs } = given;
    const wanted = tasks.map(({ retrieval, profile }) => retrieval.wants(profile));
    const found = await this.#readRows(tasks, { wanted, rows, nowMs });
    const learned = tasks.map(({ retrieval, generations }, at) =>
      retrieval.sources.map(({ rankings }, index): Learned => {
        const generation = generations[index];
        if (generation === undefined) return { rows: nothing, heads: nothing, rankings: [] };
        return {
          rows: found[at]?.[index] ?? nothing,
          heads: nothing,
          rankings: rankings ? this.#rankings.get(generation) : [],
        };
      }),
    );
    const figures = tasks.map(({ retrieval, profile, world }, at) =>
      retrieval.figures(profile, learned[at] ?? [], world),
    );
    const heads = await this.#readHeads(tasks, figures, nowMs);
    return learned.map((sources, at) =>
      sources.map((one, index) => ({ ...one, heads: heads[at]?.[index] ?? nothing })),
    );
  }

  async #readRows(
    tasks: readonly ReadTask[],
    given: { readonly wanted: Lists; readonly rows: KeptReads; readonly nowMs: number },
  ): Promise<readonly (readonly Found[])[]> {
    const { wanted, rows, nowMs } = given;
    rows.expire(nowMs);
    const missing = new Missing();
    const found = takeAll(tasks, wanted, { from: rows, missing });
    const due = new Map<Generation, readonly string[]>();
    for (const { retrieval, generations } of tasks)
      for (const [index, { rankings }] of retrieval.sources.entries()) {
        const generation = generations[index];
        if (!rankings || generation === undefined || due.has(generation)) continue;
        const keys = this.#rankings.due(generation, nowMs);
        if (keys.length > 0) due.set(generation, keys);
      }
    const values = await this.#get([
      ...missing.wanted.map(({ key }) => key),
      ...[...due.values()].flat(),
    ]);
    for (const one of missing.wanted) rows.put(one, values.get(one.key) ?? null, nowMs);
    for (const [generation, keys] of due) {
      const rankings = keys.map((key) => values.get(key) ?? null).filter((one) => one !== null);
      this.#rankings.put(generation, rankings, nowMs);
    }
    return found;
  }

  async #get(keys: readonly string[]): Promise<ReadonlyMap<string, Buffer | null>> {
    const groups = [...Map.groupBy(keys, tagOfKey).values()];
    if (groups.length === 0) return new Map();
    const values = await this.#redis.mgetMany(groups);
    return new Map(
      groups.flatMap((group, at) =>
        group.map((key, n): [string, Buffer | null] => [key, values[at]?.[n] ?? null]),
      ),
    );
  }

  async #readHeads(
    tasks: readonly ReadTask[],
    figures: Lists,
    nowMs: number,
  ): Promise<readonly (readonly Found[])[]> {
    const bytes = new Map<string, number>();
    for (const { retrieval, generations } of tasks)
      for (const [index, { headBytes }] of retrieval.sources.entries()) {
        const id4 = generations[index]?.current.id4;
        if (id4 !== undefined) bytes.set(id4, headBytes);
      }
    this.#heads.expire(nowMs);
    const missing = new Missing();
    const found = takeAll(tasks, figures, { from: this.#heads, missing });
    if (missing.wanted.length === 0) return found;
    const heads = await this.#redis.getRanges(
      missing.wanted.map(({ generation, key }) => ({
        key,
        start: 0,
        end: (bytes.get(generation.current.id4) ?? 1) - 1,
      })),
    );
    for (const [at, one] of missing.wanted.entries()) {
      const head = heads[at] ?? null;
      this.#heads.put(one, head?.length === 0 ? null : head, nowMs);
    }
    return found;
  }
}

/** Per task and source what is kept of its ids; the rest is added to `missing`. */
const takeAll = (
  tasks: readonly ReadTask[],
  lists: Lists,
  { from, missing }: { readonly from: KeptReads; readonly missing: Missing },
): Found[][] =>
  tasks.map(({ generations, retrieval, profile }, at) =>
    retrieval.sources.map(({ userFold }, index) => {
      const generation = generations[index];
      if (generation === undefined) return nothing;
      const ids = lists[at]?.[index] ?? [];
      const owner = userFold === undefined ? {} : { owner: profile.userId };
      return from.take({ generation, ids, ...owner }, missing);
    }),
  );

/** All keys of one partition start with the same hash tag, so that one MGET may name them. */
const tagOfKey = (key: string): string => key.slice(0, key.indexOf('}') + 1);
