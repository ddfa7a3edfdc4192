import { expect, test } from 'vitest';

import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import { exposures } from '../../topics/exposures.ts';
import { repartitionedAt } from '../../topics/repartitioned-exposures.ts';
import { repartitionFold } from './topology.ts';

const lineage = 'serving00000';
const fold = repartitionFold({
  topic: 'shop.exposures.v1',
  lineage,
  beside: 'reserved0000',
  decoder: {
    prepare: async () => undefined,
    decode: (value) => ({ ok: true as const, value: JSON.parse(String(value)) as Exposure }),
  },
  target: 'shop.s2.repartitioned-exposures.v1',
  partitions: 5,
});

/** As serving emitted it, for a request of partition 9. */
const record = (offset: number, user: string, request = offset): LogRecord => ({
  topic: 'shop.exposures.v1',
  partition: 2,
  offset,
  timestampMs: 1_000 + offset,
  key: Buffer.from(user),
  value: Buffer.from(
    JSON.stringify({
      ...exposures.example,
      user_id: user,
      lineage,
      source_partition: 9,
      source_offset: request,
    }),
  ),
  headers: {},
});

const valueOf = ({ value }: { readonly value: Buffer | null }): Exposure =>
  JSON.parse(String(value)) as Exposure;

test('an exposure comes to the partition of its user as it is, with its time, and where it is from', async () => {
  const log = [record(0, 'ann'), record(1, 'bob')];
  const { emitted } = await drive(fold, log, { partition: 2 });
  expect(emitted).toEqual(
    log.map(({ value }, offset) => ({
      topic: 'shop.s2.repartitioned-exposures.v1',
      partition: partitionOf(['ann', 'bob'][offset] ?? '', 5),
      key: ['ann', 'bob'][offset],
      value,
      timestampMs: 1_000 + offset,
      headers: { 'freshet-position': `2/${offset}` },
    })),
  );
  expect(repartitionedAt(emitted[1]?.headers ?? {}, lineage)).toEqual({
    lineage,
    partition: 2,
    offset: 1,
  });
  expect(repartitionedAt({}, lineage)).toBeNull();
});

test('what serving sent twice is passed on once', async () => {
  const log = [record(0, 'ann', 7), record(1, 'ann', 7), record(2, 'ann', 8)];
  const { emitted, skipped } = await drive(fold, log, { partition: 2 });
  expect(emitted.map(valueOf).map(({ source_offset: request }) => request)).toEqual([7, 8]);
  expect(skipped.get('already_folded')).toBe(1);
});
