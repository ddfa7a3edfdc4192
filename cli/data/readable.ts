import { isUtf8 } from 'node:buffer';

/** Bytes as text where they are text, else as hexadecimal digits, cut. */
export function readableBytes(bytes: Uint8Array, bytesMax = 256): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = isUtf8(buffer) ? buffer.toString('utf8') : null;
  if (text !== null && !/\p{Cc}/u.test(text)) return text;
  const cut = buffer.length > bytesMax ? `... (${buffer.length} bytes)` : '';
  return `hex:${buffer.subarray(0, bytesMax).toString('hex')}${cut}`;
}

/** What others wrote, as it may go to a terminal: no line of it looks like one of ours. */
export const oneLine = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A decoded value as JSON can hold it. */
export function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return readableBytes(value);
  // JSON would say null of a number that is none.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, readable(part)]));
}
