import { isUtf8 } from 'node:buffer';

/** Bytes as text where they are text, else as hexadecimal digits, cut. */
export function readableBytes(bytes: Uint8Array, bytesMax = 256): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = isUtf8(buffer) ? buffer.toString('utf8') : null;
  if (text !== null && !/\p{Cc}/u.test(text)) return text;
  const cut = buffer.length > bytesMax ? `... (${buffer.length} bytes)` : '';
  return `hex:${buffer.subarray(0, bytesMax).toString('hex')}${cut}`;
}

/** A decoded value as JSON can hold it. */
export function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return readableBytes(value);
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, readable(part)]));
}
