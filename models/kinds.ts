import type { ModelKind, UserSide } from './model.ts';
import { again } from './again/again.ts';
import { blendOver } from './blend/blend.ts';
import { coVisits } from './co-visits/co-visits.ts';
import { content } from './content/content.ts';
import { external } from './external/external.ts';
import { factors } from './factors/factors.ts';
import { sessionNeighbours } from './session-neighbours/session-neighbours.ts';
import { trending } from './trending/trending.ts';
import { userNeighbours } from './user-neighbours/user-neighbours.ts';

/** Every kind of model but the blend, which takes these in. Adding one is one folder and one line. */
const shelf: readonly ModelKind<unknown, unknown>[] = [
  trending,
  coVisits,
  again,
  content,
  external,
  factors,
  sessionNeighbours,
  userNeighbours,
];

const all: readonly ModelKind<unknown, unknown>[] = [
  ...shelf,
  blendOver(new Map(shelf.map((kind) => [kind.kind, kind]))),
];

/** By the name that definitions use. */
export const kinds: ReadonlyMap<string, ModelKind<unknown, unknown>> = new Map(
  all.map((kind) => [kind.kind, kind]),
);

/** Each once: kinds may share one. In the order of channels. */
export const userSides: readonly UserSide[] = [
  ...new Set(all.flatMap(({ userSide }) => (userSide === null ? [] : [userSide]))),
].toSorted((a, b) => a.channel - b.channel);
