import { readId } from '../../schemas/packed/bytes.ts';
import {
  ruleAt,
  ruleBytes,
  rulesMax,
  sketchRegisters,
  variantAt,
  writeName,
} from '../../schemas/packed/experiment-partials.ts';
import { addNumber } from './cell-sums.ts';

/** What an exposure says of the answer, beside who was shown what. */
export interface CountedAnswer {
  readonly servedMs: number;
  /** Answers of the user in the experiment before. */
  readonly before: number;
  readonly items: readonly number[];
  readonly wanted: number;
  readonly page: number;
  readonly predicted: boolean;
  readonly enough: boolean;
  readonly emptied: boolean;
  readonly removed: Readonly<Record<string, number>>;
}

export function countAnswer(bytes: Buffer, variant: number, answer: CountedAnswer): void {
  const add = (field: number, delta: number): void => addNumber(bytes, variant + field, delta);
  if (answer.page === 0) countFirstPage(add, answer);
  add(variantAt.items, answer.items.length);
  add(variantAt.wanted, Math.max(0, answer.wanted));
  for (const [rule, removed] of Object.entries(answer.removed))
    countRule(bytes, variant, { rule, removed });
  for (const item of answer.items) noteItem(bytes, variant + variantAt.sketch, item);
}

/**
 * What guardrails look at. A list runs out on some later page, whatever the model: that says how
 * far a user reads, and not how well a context is served.
 */
function countFirstPage(add: (field: number, delta: number) => void, answer: CountedAnswer): void {
  add(variantAt.answers, 1);
  // The square of the user's number of answers grows by this, or by less where some were pages.
  add(variantAt.answersSquares, 2 * answer.before + 1);
  add(variantAt.predicted, Number(answer.predicted));
  add(variantAt.enough, Number(answer.enough));
  add(variantAt.emptied, Number(answer.emptied));
}

/** Rules beyond the room there is are counted with the last. */
function countRule(
  bytes: Buffer,
  variant: number,
  { rule, removed }: { readonly rule: string; readonly removed: number },
): void {
  for (let slot = 0; slot < rulesMax; slot += 1) {
    const at = variant + variantAt.rules + slot * ruleBytes;
    const name = readId(bytes, at + ruleAt.name);
    if (name === '') writeName(bytes, at + ruleAt.name, { name: rule, slot: ruleAt.nameBytes });
    if (name !== '' && name !== rule && slot < rulesMax - 1) continue;
    addNumber(bytes, at + ruleAt.removed, removed);
    addNumber(bytes, at + ruleAt.answers, 1);
    return;
  }
}

/**
 * HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007): ten bits of the item's hash choose a
 * register, which keeps the longest run of zeros among the others, and one.
 */
function noteItem(bytes: Buffer, sketch: number, item: number): void {
  const high = Math.floor(item / 2 ** 32);
  const register = high & (sketchRegisters - 1);
  const run = Math.clz32((item % 2 ** 32) >>> 0) + 1;
  const at = sketch + register;
  if (run > (bytes[at] ?? 0)) bytes[at] = run;
}
