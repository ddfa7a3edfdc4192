import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';

/** `<kind>-<hash of the learning configuration>`: versions with equal learning share one fold. */
export const learningId = (kind: string, learning: unknown): string =>
  `${kind}-${createHash('sha256').update(canonicalJson(learning)).digest('hex').slice(0, 12)}`;

/** Name of the fold that learns: of its pointer `current`, and in metrics. */
export const learningName = (kind: string, learning: unknown): string =>
  `learning:${learningId(kind, learning)}`;
