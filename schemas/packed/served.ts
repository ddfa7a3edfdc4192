import { checkLayout, hashOf, idScratch, readId, writeId } from './bytes.ts';

/**
 * What a user was served lately, as `served` publishes it in Redis. Bytes, little-endian:
 *
 *   layout u8 | last_served u48 (ms) | contexts, most recently served first:
 *     length u8, name | n u8 | n answers, newest first: items u8 | items: length u8, id
 *
 * `last_served` is the newest time by the clocks of those that serve. The order of contexts and
 * answers is that of the log. All pages of one list are one answer: its newest 255 items.
 */
export const servedLayout = 1;
export const servedHeaderBytes = 7;
export const servedItemsMax = 255;

export interface ServedContext {
  readonly context: string;
  /** Newest first, each as it is stored: the number of its items, then the items. */
  readonly answers: readonly Buffer[];
}

export const lastServedMs = (bytes: Buffer): number => bytes.readUIntLE(1, 6);

/** The contexts and their answers, without looking at the items' ids. */
export function servedContexts(bytes: Buffer): ServedContext[] {
  checkLayout(bytes, servedLayout, 'served items');
  const contexts: ServedContext[] = [];
  for (let at = servedHeaderBytes; at < bytes.length; ) {
    const context = readId(bytes, at);
    at += 1 + (bytes[at] ?? 0);
    const count = bytes[at] ?? 0;
    at += 1;
    const answers: Buffer[] = [];
    for (let n = 0; n < count; n++) {
      const end = answerEnd(bytes, at);
      answers.push(bytes.subarray(at, end));
      at = end;
    }
    contexts.push({ context, answers });
  }
  return contexts;
}

export const itemsOfAnswer = (answer: Buffer): string[] => {
  const items: string[] = [];
  for (let at = 1; at < answer.length; at += 1 + (answer[at] ?? 0)) items.push(readId(answer, at));
  return items;
};

/** All of it, for tools and tests. */
export const decodeServed = (
  bytes: Buffer,
): { readonly context: string; readonly answers: readonly (readonly string[])[] }[] =>
  servedContexts(bytes).map(({ context, answers }) => ({
    context,
    answers: answers.map(itemsOfAnswer),
  }));

/** Whether an item was among the last so many answers. */
export type ServedIndex = (itemId: string, answers: number) => boolean;

const nothingServed: ServedIndex = () => false;

/** Null: nothing is known of the user, or all of it is past the horizon. */
export function readServed(bytes: Buffer | null, context: string): ServedIndex {
  if (bytes === null) return nothingServed;
  const own = servedContexts(bytes).find((one) => one.context === context);
  if (own === undefined) return nothingServed;
  return indexOf(own.answers);
}

/** Bytes are hashed where they lie: making strings of a hundred ids costs several times as much. */
function indexOf(answers: readonly Buffer[]): ServedIndex {
  const count = answers.reduce((sum, [items = 0]) => sum + items, 0);
  const slots = 1 << (32 - Math.clz32(2 * count + 1));
  const places = new Uint8Array(slots);
  const ids = new Uint32Array(slots);
  const find = (id: Buffer, at: number, length: number): number => {
    let slot = hashOf(id, at, length) & (slots - 1);
    for (; places[slot] !== 0; slot = (slot + 1) & (slots - 1)) {
      const answer = answers[(places[slot] ?? 1) - 1] as Buffer;
      const there = ids[slot] ?? 0;
      if (answer[there - 1] === length && sameBytes(answer, there, { id, at, length })) break;
    }
    return slot;
  };
  for (const [place, answer] of answers.entries())
    for (let at = 1; at < answer.length; ) {
      const length = answer[at] ?? 0;
      const slot = find(answer, at + 1, length);
      if (places[slot] === 0) {
        places[slot] = place + 1;
        ids[slot] = at + 1;
      }
      at += 1 + length;
    }
  return (itemId, among) => {
    const length = writeId(wanted, itemId);
    if (length < 0) return false;
    const place = places[find(wanted, 0, length)] ?? 0;
    return place > 0 && place <= among;
  };
}

const wanted = idScratch();

function sameBytes(
  bytes: Buffer,
  from: number,
  { id, at, length }: { readonly id: Buffer; readonly at: number; readonly length: number },
): boolean {
  for (let n = 0; n < length; n++) if (bytes[from + n] !== id[at + n]) return false;
  return true;
}

function answerEnd(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (let left = bytes[start] ?? 0; left > 0; left--) at += 1 + (bytes[at] ?? 0);
  if (at > bytes.length) throw new RangeError('packed value is cut short');
  return at;
}
