import { z } from 'zod';

import type {
  Learned,
  ModelKind,
  PersonalRetrieval,
  Profile,
  SharedRetrieval,
  Source,
  World,
} from '../model.ts';
import { entriesOf, fieldsOf, isPart } from '../raw.ts';
import { type Extra, extrasSchema } from './config.ts';

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

/**
 * The sources with their configuration checked by their kinds and filled with defaults. From what
 * was written, not from what passed: a check of the whole does not run when one field is wrong, and
 * the faults of the others would come to light one apply later.
 */
export const sourcesOver = (shelf: Shelf) =>
  z
    .unknown()
    .transform((raw, { issues }): Extra[] => {
      const parsed = extrasSchema.safeParse(raw);
      const names = entriesOf(raw).map((entry) => fieldsOf(entry)['name']);
      const wrong = [
        ...(parsed.error?.issues ?? []),
        ...entriesOf(raw).flatMap((entry, at) => [
          ...(typeof names[at] === 'string' && names.indexOf(names[at]) < at
            ? [fault(`'${names[at]}' is there twice`, [at, 'name'])]
            : []),
          ...faultsOfKind(fieldsOf(entry), at, shelf),
        ]),
      ];
      for (const issue of wrong)
        issues.push({ ...issue, path: [...issue.path], input: raw } as z.core.$ZodRawIssue);
      return wrong.length > 0 ? [] : (parsed.data ?? []).map((extra) => filled(extra, shelf));
    })
    .default([]);

const fault = (message: string, path: PropertyKey[]): z.core.$ZodIssue => ({
  code: 'custom',
  message,
  path,
});

const faultsOfKind = (
  { kind: name, ...parts }: Readonly<Record<string, unknown>>,
  at: number,
  shelf: Shelf,
): z.core.$ZodIssue[] => {
  if (typeof name !== 'string') return [];
  const kind = shelf.get(name);
  if (kind === undefined)
    return [
      fault(`there is no kind '${name}' (there are ${[...shelf.keys()].join(', ')})`, [at, 'kind']),
    ];
  const schemas = { learning: kind.learningSchema, retrieval: kind.retrievalSchema };
  return Object.entries(schemas).flatMap(([part, schema]) =>
    isPart(parts[part])
      ? (schema.safeParse(parts[part] ?? {}).error?.issues ?? []).map((issue) => ({
          ...issue,
          path: [at, part, ...issue.path],
        }))
      : [],
  );
};

const filled = (extra: Extra, shelf: Shelf): Extra => {
  const { learningSchema, retrievalSchema } = kindOf(shelf, extra.kind);
  return {
    ...extra,
    learning: learningSchema.parse(extra.learning) as Extra['learning'],
    retrieval: retrievalSchema.parse(extra.retrieval) as Extra['retrieval'],
  };
};
