import { dieAtFailpoints } from '../failpoints.ts';
import type { FaultRow } from '../row.ts';

export const row: FaultRow = {
  row: 2,
  title: 'a worker dies between its commit to Redis and its commit to Kafka',
  alone: true,
  inject: (bed, options) =>
    dieAtFailpoints(bed, options, ['after_commit', 'before_commit', 'after_emit']),
};
