import {
  type ContextDefinition,
  type KindCatalogue,
  type ModelDefinition,
  type Parsed,
  parseContext,
  parseModel,
  versionsInUse,
} from './definitions.ts';

/** One record of the topics `models` or `contexts`, decoded. */
export interface DefinitionRecord {
  readonly name: string;
  readonly version: string;
  readonly revision: number;
  readonly content: string;
}

export interface Known<T> {
  readonly version: string;
  readonly revision: number;
  readonly definition: T;
}

/** What a record did: changed what is known, was older than that, or could not be used. */
export type Taken =
  | { readonly kind: 'changed' }
  | { readonly kind: 'outdated' }
  | { readonly kind: 'unusable'; readonly faults: readonly string[] };

/**
 * Contexts and models as the topics have them: per key the highest revision, whatever the order of
 * the records, so that a late writer's older record changes nothing (DESIGN 4.6). A definition
 * that this process cannot read (a kind of a newer release) is left out and said, never guessed:
 * the one known before stays in use.
 */
export class Catalogue {
  readonly #kinds: KindCatalogue;
  readonly #models = new Map<string, Known<ModelDefinition>>();
  readonly #contexts = new Map<string, Known<ContextDefinition>>();
  #alsoInUse: ReadonlySet<string> = new Set();

  constructor(kinds: KindCatalogue) {
    this.#kinds = kinds;
  }

  /** By exact version (`co-visits@0123456789ab`). */
  get models(): ReadonlyMap<string, Known<ModelDefinition>> {
    return this.#models;
  }

  /** By name. */
  get contexts(): ReadonlyMap<string, Known<ContextDefinition>> {
    return this.#contexts;
  }

  /** Versions that something else than a context needs learned and ready: experiments. */
  useAlso(versions: ReadonlySet<string>): void {
    this.#alsoInUse = versions;
  }

  /**
   * Models that some context's ladder names, or that are in use beside it; those without a
   * definition (yet) are left out.
   */
  modelsInUse(): ReadonlyMap<string, Known<ModelDefinition>> {
    const named = versionsInUse([...this.#contexts.values()].map(({ definition }) => definition));
    const inUse = named.union(this.#alsoInUse);
    return new Map([...this.#models].filter(([version]) => inUse.has(version)));
  }

  takeModel(key: string, record: DefinitionRecord | null): Taken {
    return take(this.#models, { key, record, parse: (text) => parseModel(text, this.#kinds) });
  }

  takeContext(key: string, record: DefinitionRecord | null): Taken {
    return take(this.#contexts, { key, record, parse: parseContext });
  }
}

const take = <T>(
  known: Map<string, Known<T>>,
  given: {
    readonly key: string;
    readonly record: DefinitionRecord | null;
    readonly parse: (content: string) => Parsed<T>;
  },
): Taken => {
  const { key, record } = given;
  if (record === null) return { kind: known.delete(key) ? 'changed' : 'outdated' };
  if ((known.get(key)?.revision ?? 0) >= record.revision) return { kind: 'outdated' };
  const parsed = given.parse(record.content);
  if (!parsed.ok) return { kind: 'unusable', faults: parsed.faults };
  known.set(key, {
    version: record.version,
    revision: record.revision,
    definition: parsed.value,
  });
  return { kind: 'changed' };
};
