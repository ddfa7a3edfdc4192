import type { LogRecord } from '../../lib/stream/topology.ts';

/** A record whose value is JSON. */
export const jsonRecord = (topic: string, offset: number, value: object): LogRecord => ({
  topic,
  partition: 1,
  offset,
  timestampMs: 0,
  key: null,
  headers: {},
  value: Buffer.from(JSON.stringify(value)),
});
