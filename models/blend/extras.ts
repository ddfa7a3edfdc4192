import type { z } from 'zod';

import type {
  Learned,
  ModelKind,
  PersonalRetrieval,
  Profile,
  SharedRetrieval,
  Source,
  World,
} from '../model.ts';
import type { Extra } from './config.ts';

/** The kinds that a blend may take in. */
export type Shelf = ReadonlyMap<string, ModelKind<unknown, unknown>>;

/** A model of another kind as a source of the blend. */
interface ReadyExtra {
  readonly name: string;
  readonly retrieval: PersonalRetrieval | SharedRetrieval;
  /** Where its sources begin among the blend's. */
  readonly first: number;
}

/** Several other models, read along with the blend's own rows: see model.ts for the two reads. */
export class Extras {
  readonly names: readonly string[];
  readonly sources: readonly Source[];
  readonly needsItems: boolean;
  readonly #all: readonly ReadyExtra[];

  /** `first`: how many sources the blend has itself. */
  constructor(extras: readonly Extra[], shelf: Shelf, first: number) {
    let next = first;
    this.#all = extras.map(({ name, kind, learning, retrieval }) => {
      const made = kindOf(shelf, kind).retrieval(learning, retrieval);
      const ready = { name, retrieval: made, first: next };
      next += made.sources.length;
      return ready;
    });
    this.names = extras.map(({ name }) => name);
    this.sources = this.#all.flatMap(({ retrieval }): readonly Source[] => retrieval.sources);
    this.needsItems = this.#all.some(({ retrieval }) => !retrieval.shared && retrieval.needsItems);
  }

  wants(profile: Profile): (readonly string[])[] {
    return this.#all.flatMap(({ retrieval }) =>
      retrieval.shared ? retrieval.sources.map(() => []) : retrieval.wants(profile),
    );
  }

  figures(profile: Profile, learned: readonly Learned[], world: World): (readonly string[])[] {
    return this.#all.flatMap((extra) =>
      extra.retrieval.shared
        ? extra.retrieval.sources.map(() => [])
        : extra.retrieval.figures(profile, partOf(extra, learned), world),
    );
  }

  /** Per source its candidates, best first; nothing where a kind needs figures that are not read. */
  rank(
    profile: Profile,
    learned: readonly Learned[],
    world: World,
  ): readonly (readonly { readonly itemId: string; readonly score: number }[])[] {
    return this.#all.map((extra) => {
      const part = partOf(extra, learned);
      return extra.retrieval.shared
        ? extra.retrieval.rank(part[0]?.rankings ?? [], () => true)
        : extra.retrieval.rank(profile, part, world);
    });
  }
}

const partOf = ({ first, retrieval }: ReadyExtra, learned: readonly Learned[]): Learned[] =>
  learned.slice(first, first + retrieval.sources.length);

const kindOf = (shelf: Shelf, kind: string): ModelKind<unknown, unknown> => {
  const found = shelf.get(kind);
  if (found === undefined) throw new Error(`there is no kind '${kind}' for a blend to take in`);
  return found;
};

/** The extras with their configuration checked by their kinds and filled with defaults. */
export const parseExtras = (
  extras: readonly Extra[],
  shelf: Shelf,
  issues: z.core.$ZodRawIssue[],
): readonly Extra[] =>
  extras.map((extra, index) => {
    const fault = (message: string, path: readonly (string | number)[]): void =>
      void issues.push({
        code: 'custom',
        message,
        path: ['sources', index, ...path],
        input: extra,
      });
    if (extras.findIndex(({ name }) => name === extra.name) < index)
      fault(`'${extra.name}' is there twice`, ['name']);
    const kind = shelf.get(extra.kind);
    if (kind === undefined) {
      fault(`there is no kind '${extra.kind}' (there are ${[...shelf.keys()].join(', ')})`, [
        'kind',
      ]);
      return extra;
    }
    const learning = kind.learningSchema.safeParse(extra.learning);
    const retrieval = kind.retrievalSchema.safeParse(extra.retrieval);
    for (const [part, { error }] of Object.entries({ learning, retrieval }))
      for (const { message, path } of error?.issues ?? [])
        fault(message, [
          part,
          ...path.map((step) => (typeof step === 'number' ? step : String(step))),
        ]);
    return {
      ...extra,
      learning: (learning.data ?? extra.learning) as Extra['learning'],
      retrieval: (retrieval.data ?? extra.retrieval) as Extra['retrieval'],
    };
  });
