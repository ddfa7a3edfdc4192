import { hash } from 'node:crypto';

import type { LogRecord } from './topology.ts';

const nothing = Buffer.alloc(0);

/** What a claim compares with the log: another log would have another record at this offset. */
export function recordHash({ offset, key, value, timestampMs }: LogRecord): string {
  const said = [Buffer.from(`${offset} ${timestampMs} `), key ?? nothing, value ?? nothing];
  return hash('sha1', Buffer.concat(said), 'hex').slice(0, 8);
}
