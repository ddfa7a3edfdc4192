import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import type { Source } from './model.ts';

/** `<kind>-<hash of the learning configuration>`: versions with equal learning share one fold. */
export const learningId = (kind: string, learning: unknown): string =>
  `${kind}-${createHash('sha256').update(canonicalJson(learning)).digest('hex').slice(0, 12)}`;

/** Name of the fold that learns: of its pointer `current`, and in metrics. */
export const learningName = (kind: string, learning: unknown): string =>
  `learning:${learningId(kind, learning)}`;

/** Name of the fold that a source's rows are of. */
export const foldNameOf = ({ kind, learning, userFold }: Source): string =>
  userFold ?? learningName(kind, learning);
