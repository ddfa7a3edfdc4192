/**
 * Beside a partition's lists: for which model versions everybody who was active of late has one.
 * One row per partition, which its owner alone writes, under the header as it writes lists.
 */

/** No key of a list or of an open example begins so. */
export const warmMarksKey = '~';

/** Whose lists are kept: everybody's, or those of users of these experiments (their versions). */
export type Scope = 'all' | readonly string[];

export interface WarmMark {
  readonly version: string;
  readonly scope: Scope;
  /** Users active within so many days were looked for. */
  readonly days: number;
  /** A list made before this moment is made again: its folds had not caught up. 0: none is. */
  readonly fromMs: number;
  /** Users found, and those not dealt with yet; null: still being found. */
  readonly users: number | null;
  readonly left: number | null;
  readonly isDone: boolean;
}

/** Whether lists are there, or being made, for all that `wanted` asks for. */
export const covers = (scope: Scope, wanted: Scope): boolean =>
  scope === 'all' || (wanted !== 'all' && wanted.every((one) => scope.includes(one)));

/** Whether nothing is left to be made for what is wanted of a version. */
export const isWarm = (
  mark: Pick<WarmMark, 'isDone' | 'scope' | 'days'> | undefined,
  wanted: { readonly scope: Scope; readonly days: number },
): boolean =>
  mark !== undefined && mark.isDone && mark.days >= wanted.days && covers(mark.scope, wanted.scope);

export const encodeWarmMarks = (marks: readonly WarmMark[]): Buffer =>
  Buffer.from(JSON.stringify({ layout: 1, marks }));

/** What another release wrote says nothing here: its owner looks again. */
export function decodeWarmMarks(bytes: Buffer | null): WarmMark[] {
  if (bytes === null) return [];
  try {
    const stored = JSON.parse(bytes.toString()) as { layout?: number; marks?: WarmMark[] };
    return stored.layout === 1 ? (stored.marks ?? []) : [];
  } catch {
    return [];
  }
}

/**
 * Marks as they hold now: those of versions that nobody wants any more are gone, since their lists
 * are no longer kept, and a scope that shrank has shrunk for good.
 */
export const heldMarks = (
  marks: readonly WarmMark[],
  wanted: readonly { readonly version: string; readonly scope: Scope }[],
): WarmMark[] =>
  wanted.flatMap(({ version, scope }) => {
    const mark = marks.find((one) => one.version === version);
    return mark === undefined || !covers(mark.scope, scope) ? [] : [{ ...mark, scope }];
  });
