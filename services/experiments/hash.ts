/**
 * 48 bits of a text, never 0: how a row names items, answers and experiments in six bytes. Two
 * lanes of FNV-1a, each finished as MurmurHash3 finishes.
 */
export function hash48(text: string): number {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x01000197);
  }
  return (finished(high) & 0xffff) * 2 ** 32 + (finished(low) >>> 0) || 1;
}

/** Also of a text that may be left out: 0. */
export const hashOrNone = (text: string | null): number =>
  text === null || text === '' ? 0 : hash48(text);

function finished(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
