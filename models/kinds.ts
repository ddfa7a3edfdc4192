import type { ModelKind } from './model.ts';
import { coVisits } from './co-visits/co-visits.ts';
import { trending } from './trending/trending.ts';

/** Every kind of model. Adding one is one folder and one line here. */
const all: readonly ModelKind<unknown, unknown>[] = [trending, coVisits];

/** By the name that definitions use. */
export const kinds: ReadonlyMap<string, ModelKind<unknown, unknown>> = new Map(
  all.map((kind) => [kind.kind, kind]),
);
