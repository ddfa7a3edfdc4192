import type { RedisPort } from '../lib/redis/redis-port.ts';
import type { Generation } from '../lib/stream/generations.ts';
import type { Learned, PersonalRetrieval, Profile, World } from '../models/model.ts';
import { type Ask, Heads, Rankings, SliceRows } from './kept-reads.ts';

/** A profile that a retrieval wants to read for. */
export interface ReadTask {
  readonly retrieval: PersonalRetrieval;
  /** In the order of the retrieval's sources; undefined: nothing was learned of it yet. */
  readonly generations: readonly (Generation | undefined)[];
  readonly profile: Profile;
  readonly world: World;
}

export interface ReadBounds {
  /** Rows kept within one slice. */
  readonly rowsBytesMax: number;
  readonly figuresAgeMsMax: number;
  readonly figuresMax: number;
  readonly rankingAgeMsMax: number;
}

type Reads = Pick<RedisPort, 'mgetMany' | 'getRanges'>;
const nothing: ReadonlyMap<string, Buffer> = new Map();

/**
 * Reads what retrievals want, for any number of profiles together in two round trips: rows (and
 * rankings that are due), then the figures of what these found. One per process; what was read of
 * rows is kept for a slice, figures and rankings for a stated age.
 */
export class LearnedReads {
  readonly #redis: Reads;
  readonly #bounds: ReadBounds;
  readonly #heads: Heads;
  readonly #rankings: Rankings;

  constructor(redis: Reads, bounds: ReadBounds) {
    this.#redis = redis;
    this.#bounds = bounds;
    this.#heads = new Heads({ ageMsMax: bounds.figuresAgeMsMax, headsMax: bounds.figuresMax });
    this.#rankings = new Rankings(bounds.rankingAgeMsMax);
  }

  newSlice(): SliceRows {
    return new SliceRows(this.#bounds.rowsBytesMax);
  }

  /** Per task and source what is known of it, for `rank`, `explain` or a trainer's `note`. */
  async read(
    tasks: readonly ReadTask[],
    given: { readonly rows: SliceRows; readonly nowMs: number },
  ): Promise<readonly (readonly Learned[])[]> {
    const { rows, nowMs } = given;
    const wanted = tasks.map(({ retrieval, profile }) => retrieval.wants(profile));
    await this.#readRows(tasks, { wanted, rows, nowMs });
    const learned = tasks.map(({ retrieval, generations }, at) =>
      retrieval.sources.map((source, index): Learned => {
        const generation = generations[index];
        if (generation === undefined) return { rows: nothing, heads: nothing, rankings: [] };
        return {
          rows: rows.take({ generation, ids: wanted[at]?.[index] ?? [] }),
          heads: nothing,
          rankings: source.rankings ? this.#rankings.get(generation) : [],
        };
      }),
    );
    const figures = tasks.map(({ retrieval, profile, world }, at) =>
      retrieval.figures(profile, learned[at] ?? [], world),
    );
    await this.#readHeads(tasks, figures, nowMs);
    return learned.map((sources, at) =>
      sources.map((one, index) => {
        const generation = tasks[at]?.generations[index];
        if (generation === undefined) return one;
        return { ...one, heads: this.#heads.take({ generation, ids: figures[at]?.[index] ?? [] }) };
      }),
    );
  }

  async #readRows(
    tasks: readonly ReadTask[],
    given: {
      readonly wanted: readonly (readonly (readonly string[])[])[];
      readonly rows: SliceRows;
      readonly nowMs: number;
    },
  ): Promise<void> {
    const { wanted, rows, nowMs } = given;
    const missing = rows.missing(asksOf(tasks, wanted));
    const due = new Map<Generation, readonly string[]>();
    for (const { retrieval, generations } of tasks)
      for (const [index, { rankings }] of retrieval.sources.entries()) {
        const generation = generations[index];
        if (!rankings || generation === undefined || due.has(generation)) continue;
        const keys = this.#rankings.due(generation, nowMs);
        if (keys.length > 0) due.set(generation, keys);
      }
    const values = await this.#get([...missing.values(), ...[...due.values()].flat()]);
    for (const [name, key] of missing) rows.put(name, values.get(key) ?? null);
    for (const [generation, keys] of due) {
      const found = keys.map((key) => values.get(key) ?? null).filter((one) => one !== null);
      this.#rankings.put(generation, found, nowMs);
    }
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
    figures: readonly (readonly (readonly string[])[])[],
    nowMs: number,
  ): Promise<void> {
    const bytes = new Map<string, number>();
    for (const { retrieval, generations } of tasks)
      for (const [index, { headBytes }] of retrieval.sources.entries()) {
        const id4 = generations[index]?.current.id4;
        if (id4 !== undefined) bytes.set(id4, headBytes);
      }
    const missing = [...this.#heads.missing(asksOf(tasks, figures), nowMs)];
    if (missing.length === 0) return;
    const found = await this.#redis.getRanges(
      missing.map(([name, key]) => ({
        key,
        start: 0,
        end: (bytes.get(name.slice(0, 4)) ?? 1) - 1,
      })),
    );
    for (const [at, [name]] of missing.entries())
      this.#heads.put(name, found[at] ?? Buffer.alloc(0), nowMs);
  }
}

const asksOf = (
  tasks: readonly ReadTask[],
  lists: readonly (readonly (readonly string[])[])[],
): Ask[] => {
  const asks: Ask[] = [];
  for (const [at, { generations, retrieval, profile }] of tasks.entries())
    for (const [index, ids] of (lists[at] ?? []).entries()) {
      const generation = generations[index];
      if (generation === undefined || ids.length === 0) continue;
      const ofUser = retrieval.sources[index]?.userFold !== undefined;
      asks.push(ofUser ? { generation, ids, owner: profile.userId } : { generation, ids });
    }
  return asks;
};

/** All keys of one partition start with the same hash tag, so that one MGET may name them. */
const tagOfKey = (key: string): string => key.slice(0, key.indexOf('}') + 1);
