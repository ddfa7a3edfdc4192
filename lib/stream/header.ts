/**
 * What lies beside a partition's values: up to where its inputs are folded. One string, compared
 * and set whole, as text: Lua's numbers lose precision above 2^53.
 */
export interface Header {
  /** Next offset to fold, per input. */
  readonly offsets: readonly number[];
  /** Hash of the last folded record, per input; empty: none folded yet. */
  readonly hashes: readonly string[];
  /** Per input, the highest position folded per source partition; -1: none. */
  readonly marks: readonly (readonly number[])[];
  /** Per input, the highest event time folded, for folds with a horizon; -1: none. */
  readonly newestMs: readonly number[];
}

export const emptyHeader = (inputs: number): Header => ({
  offsets: Array.from({ length: inputs }, () => 0),
  hashes: Array.from({ length: inputs }, () => ''),
  marks: Array.from({ length: inputs }, () => []),
  newestMs: Array.from({ length: inputs }, () => -1),
});

/**
 * `12,7 a1b2c3d4,- 5;8,-1 1700000000000,-`: offsets, hashes, marks and newest event times per
 * input. The last word is left out where there is no time at all.
 */
export function formatHeader({ offsets, hashes, marks, newestMs }: Header): string {
  const hashText = hashes.map((hash) => (hash === '' ? '-' : hash)).join(',');
  const markText = marks.map((own) => (own.length === 0 ? '-' : own.join(';'))).join(',');
  const timeText = newestMs.some((ms) => ms >= 0)
    ? ` ${newestMs.map((ms) => (ms < 0 ? '-' : ms)).join(',')}`
    : '';
  return `${offsets.join(',')} ${hashText} ${markText}${timeText}`;
}

const closedMark = ' !';

/** Nobody commits on top of it: an owner expects the text without the mark (see switching.ts). */
export const closed = (text: string, token: string): string =>
  `${opened(text)}${closedMark}${token}`;

export function opened(text: string): string {
  const at = text.indexOf(closedMark);
  return at < 0 ? text : text.slice(0, at);
}

/** Whose switch has closed it; null: none. */
export function closedBy(text: string): string | null {
  const at = text.indexOf(closedMark);
  return at < 0 ? null : text.slice(at + closedMark.length);
}

export function parseHeader(bytes: Buffer | string): Header {
  const [offsets, hashes, marks, times] = opened(bytes.toString()).split(' ');
  if (offsets === undefined || hashes === undefined || marks === undefined) {
    throw new Error('a partition header is not readable: was Redis written to by hand?');
  }
  const inputs = offsets.split(',').map(Number);
  return {
    offsets: inputs,
    hashes: hashes.split(',').map((hash) => (hash === '-' ? '' : hash)),
    marks: marks.split(',').map((own) => (own === '-' ? [] : own.split(';').map(Number))),
    newestMs:
      times?.split(',').map((own) => (own === '-' ? -1 : Number(own))) ?? inputs.map(() => -1),
  };
}

/** The next offset of the one input of a fold; 0 where nothing was folded yet. */
export const offsetIn = (header: Buffer | null): number =>
  header === null ? 0 : (parseHeader(header).offsets[0] ?? 0);

/**
 * The highest event time that the input of a fold had; -1 where there was none. Of several inputs
 * the lowest: what has expired by that has expired whichever input comes next.
 */
export const newestIn = (header: Buffer | null): number =>
  header === null ? -1 : Math.min(...parseHeader(header).newestMs);
