import type { Generation } from '../../lib/stream/generations.ts';
import type { Candidate } from '../../models/model.ts';
import type { ItemTable } from '../../models/item-table.ts';
import type { SharedModel } from '../../retrieval/personal-models.ts';
import type { Read } from './reads.ts';

interface Stored {
  readonly id4: string;
  readonly readMs: number;
  readonly rankings: readonly Buffer[];
  /** What was made of it, by model version and category. */
  readonly lists: Map<string, readonly Candidate[]>;
}

/** At most so many lists per learning: the categories of a few contexts. */
const listsMax = 1_000;
const nothing: readonly Candidate[] = [];

/**
 * Rankings that need no profile, in memory and at most `ageMsMax` old when an answer uses them. The
 * batch that finds one older reads it again along with its users' keys, so it costs no round trip
 * and no timer.
 */
export class Rankings {
  readonly #ageMsMax: number;
  readonly #stored = new Map<string, Stored>();

  constructor(ageMsMax: number) {
    this.#ageMsMax = ageMsMax;
  }

  /** Keys to read before `model` can answer; none while what is there is fresh. */
  due(model: SharedModel, generation: Generation, atMs: number): readonly string[] {
    const stored = this.#stored.get(model.learning);
    const fresh = stored?.id4 === generation.current.id4 && atMs - stored.readMs < this.#ageMsMax;
    return fresh ? [] : generation.shared();
  }

  take(model: SharedModel, generation: Generation, given: { read: Read; atMs: number }): void {
    const keys = generation.shared();
    // Another batch may have had it in the meantime: whatever was read is there whole or not at all.
    if (!keys.every((key) => given.read.has(key))) return;
    this.#stored.set(model.learning, {
      id4: generation.current.id4,
      readMs: given.atMs,
      rankings: keys.map((key) => given.read.get(key) ?? null).filter((bytes) => bytes !== null),
      lists: new Map(),
    });
  }

  ageMs(model: SharedModel, atMs: number): number | null {
    const stored = this.#stored.get(model.learning);
    return stored === undefined ? null : atMs - stored.readMs;
  }

  list(model: SharedModel, category: string | null, items: ItemTable): readonly Candidate[] {
    const stored = this.#stored.get(model.learning);
    if (stored === undefined) return nothing;
    const name = `${model.version}|${category ?? ''}`;
    const known = stored.lists.get(name);
    if (known !== undefined) return known;
    const keep =
      category === null ? () => true : (itemId: string) => items.inCategory(itemId, category);
    const list = model.retrieval.rank(stored.rankings, keep);
    if (stored.lists.size >= listsMax) stored.lists.clear();
    stored.lists.set(name, list);
    return list;
  }
}
