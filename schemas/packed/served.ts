import { checkLayout, readId } from './bytes.ts';

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
  const places = new Map<string, number>();
  for (const [place, answer] of own.answers.entries())
    for (const item of itemsOfAnswer(answer)) if (!places.has(item)) places.set(item, place);
  return (itemId, answers) => (places.get(itemId) ?? Infinity) < answers;
}

function answerEnd(bytes: Buffer, start: number): number {
  let at = start + 1;
  for (let left = bytes[start] ?? 0; left > 0; left--) at += 1 + (bytes[at] ?? 0);
  if (at > bytes.length) throw new RangeError('packed value is cut short');
  return at;
}
