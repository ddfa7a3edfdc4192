import { hash } from 'node:crypto';

import type { BucketRange, Variant } from './definition.ts';

/**
 * Who is in which variant. Documented in experiments/README.md with test vectors, so that any
 * language computes the same.
 */

/** A layer's users, in equal parts: traffic and holdouts are whole numbers of them. */
export const buckets = 10_000;

/** The first 32 bits, big-endian, of the SHA-256 of the text in UTF-8. */
const hash32 = (text: string): number => {
  // A character per byte: a Buffer would cost twice what the hash does, with every request.
  const bytes = hash('sha256', text, 'binary');
  const high = bytes.charCodeAt(0) * 256 + bytes.charCodeAt(1);
  return high * 65_536 + bytes.charCodeAt(2) * 256 + bytes.charCodeAt(3);
};

/** Which bucket of a layer a user is in: 0 to 9,999. */
export const bucketOf = (layer: string, userId: string): number =>
  Math.floor((hash32(`layer/${layer}/${userId}`) * buckets) / 2 ** 32);

/** The holdout of a layer takes its last buckets. */
export const isHeldOut = (bucket: number, holdout: number): boolean =>
  bucket >= buckets - Math.round(holdout * buckets);

export const isInRanges = (bucket: number, ranges: readonly BucketRange[]): boolean =>
  ranges.some(([from, to]) => bucket >= from && bucket < to);

/** The variant of a user who takes part: where the user's point lies among the added-up weights. */
export const variantOf = (
  salt: string,
  userId: string,
  variants: readonly Pick<Variant, 'variant' | 'weight'>[],
): string => {
  const point = hash32(`variant/${salt}/${userId}`) / 2 ** 32;
  let upTo = 0;
  for (const { variant, weight } of variants) {
    upTo += weight;
    if (point < upTo) return variant;
  }
  // Weights may add up to a hair less than 1.
  return variants.at(-1)?.variant ?? '';
};
