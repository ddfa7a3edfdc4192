import { createHash } from 'node:crypto';

import type { LogRecord } from './topology.ts';

/** What a claim compares with the log: another log would have another record at this offset. */
export function recordHash({ offset, key, value, timestampMs }: LogRecord): string {
  const hash = createHash('sha1').update(`${offset} ${timestampMs} `);
  if (key !== null) hash.update(key);
  if (value !== null) hash.update(value);
  return hash.digest('hex').slice(0, 8);
}
