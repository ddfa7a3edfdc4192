/** What a service says of one record: fold it, pass over it, or set it aside as poison. */
export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'reject'; readonly reason: string; readonly detail: string };

export const accept: Verdict = { kind: 'accept' };
/** `reason` is a fixed snake_case word: it becomes a metric label. */
export const skip = (reason: string): Verdict => ({ kind: 'skip', reason });
/** `detail` names the field and what was expected, never the value: it may be personal. */
export const reject = (reason: string, detail = ''): Verdict => ({
  kind: 'reject',
  reason,
  detail,
});
