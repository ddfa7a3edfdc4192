import { accept, reject, type Verdict } from '../../lib/verdict.ts';
import type { ExternalCandidates } from '../../schemas/generated/external-candidates.ts';
import {
  computedAtMsOf,
  decodeParts,
  encodeList,
  encodeParts,
  type ExternalList,
  sourceMark,
} from '../../schemas/packed/external-candidates.ts';

export interface ExternalLimits {
  /** How far `computed_at` may lie ahead of the record's append time: clocks differ. */
  readonly aheadMsMax: number;
  readonly idBytesMax: number;
  readonly sourceBytesMax: number;
  /** Of one record, before doubles are taken out. */
  readonly itemsMax: number;
  /** Of one user. */
  readonly sourcesMax: number;
}

export const externalLimits: ExternalLimits = Object.freeze({
  aheadMsMax: 60_000,
  idBytesMax: 128,
  sourceBytesMax: 64,
  itemsMax: 10_000,
  sourcesMax: 16,
});

const controlCharacters = /\p{Cc}/u;

const isBadId = (id: string, bytesMax: number): boolean =>
  id === '' || Buffer.byteLength(id) > bytesMax || controlCharacters.test(id);

/**
 * Whether a list is fit to be kept; one with a single bad item is not, because half a list would
 * be served as if it were what the source meant. Times are judged by when the broker appended the
 * record: a list from the future would win over every later one.
 */
export function judgeList(
  list: ExternalCandidates,
  appendedAtMs: number,
  limits: ExternalLimits,
): Verdict {
  const { idBytesMax, sourceBytesMax, itemsMax, aheadMsMax } = limits;
  const id = (bytes: number): string => `1 to ${bytes} bytes without control characters`;
  if (isBadId(list.source, sourceBytesMax))
    return reject('bad_source', `source: ${id(sourceBytesMax)}`);
  if (isBadId(list.user_id, idBytesMax)) return reject('bad_user', `user_id: ${id(idBytesMax)}`);
  if (list.computed_at > appendedAtMs + aheadMsMax)
    return reject(
      'from_the_future',
      `computed_at: at most ${aheadMsMax} ms after the record was appended`,
    );
  if (list.computed_at < 0) return reject('ancient', 'computed_at: not before 1970');
  if (list.items.length > itemsMax) return reject('too_many_items', `items: at most ${itemsMax}`);
  for (const [index, { item_id: itemId, score }] of list.items.entries()) {
    if (isBadId(itemId, idBytesMax))
      return reject('bad_item', `items.${index}.item_id: ${id(idBytesMax)}`);
    if (!Number.isFinite(score))
      return reject('not_finite', `items.${index}.score: a finite number`);
  }
  return accept;
}

/**
 * The row after a list; null where the one that is kept of its source was computed later. Lists of
 * other sources from before `sinceMs` go with it, and of too many the one computed longest ago.
 */
export function keepNewest(
  row: Buffer | undefined,
  list: ExternalCandidates,
  { sinceMs, sourcesMax }: { readonly sinceMs: number; readonly sourcesMax: number },
): Buffer | null {
  const mark = sourceMark(list.source);
  const parts = row === undefined ? [] : decodeParts(row);
  const known = parts.find((part) => part.mark === mark);
  const knownMs = known === undefined ? -1 : computedAtMsOf(known);
  if (knownMs >= sinceMs && knownMs > list.computed_at) return null;
  const encoded = encodeList({ computedAtMs: list.computed_at, items: bestFirst(list.items) });
  const others = parts.filter((part) => part !== known && computedAtMsOf(part) >= sinceMs);
  const kept = [{ mark, list: encoded }, ...others].toSorted(
    (a, b) => computedAtMsOf(b) - computedAtMsOf(a),
  );
  return encodeParts(kept.slice(0, sourcesMax));
}

/** Each item once, by its best score; equal scores in the order of the record. */
const bestFirst = (items: ExternalCandidates['items']): ExternalList['items'] => {
  const best = new Map<string, number>();
  for (const { item_id: itemId, score } of items)
    best.set(itemId, Math.max(best.get(itemId) ?? Number.NEGATIVE_INFINITY, score));
  return [...best].map(([itemId, score]) => ({ itemId, score })).sort((a, b) => b.score - a.score);
};
