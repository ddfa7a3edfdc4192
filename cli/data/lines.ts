import type { Readable } from 'node:stream';

/** A line of text by its number from 1; null where it is too long to be looked at. */
export interface Line {
  readonly number: number;
  readonly text: string | null;
}

/** More than any event may have. */
export const lineBytesMax = 1024 * 1024;

const newline = 0x0a;

/** Splits a stream into lines, a chunk's worth at a time. Memory is bounded by `lineBytesMax`. */
export async function* linesOf(stream: Readable): AsyncGenerator<readonly Line[]> {
  let number = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  const take = (last: Buffer): Line => {
    number += 1;
    const bytes = restBytes + last.length;
    // Chunks past the limit were not kept.
    const text = bytes > lineBytesMax ? null : textOf(Buffer.concat([...rest, last]), number);
    rest = [];
    restBytes = 0;
    return { number, text };
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      lines.push(take(chunk.subarray(from, at)));
      from = at + 1;
    }
    if (from < chunk.length) {
      restBytes += chunk.length - from;
      if (restBytes <= lineBytesMax) rest.push(chunk.subarray(from));
    }
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [take(Buffer.alloc(0))];
}

function textOf(bytes: Buffer, number: number): string {
  const text = bytes.toString('utf8');
  const start = number === 1 && text.startsWith('\uFEFF') ? 1 : 0;
  return text.slice(start, text.endsWith('\r') ? -1 : undefined);
}
