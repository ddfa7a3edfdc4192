import { expect, test } from 'vitest';

import type { TopicDecoder } from '../../lib/avro/decoder.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { interactions } from '../../topics/interactions.ts';
import { interactionsReader } from './emitted.ts';
import { Ledger } from './ledger.ts';
import { Findings } from './report.ts';

/** Values are JSON here: what is read is the interaction, not its bytes. */
const decoder = {
  prepare: async () => undefined,
  decode: (value: Buffer | null) => ({ ok: true, value: JSON.parse(String(value)) as Interaction }),
} as unknown as TopicDecoder<Interaction>;

const reader = interactionsReader(decoder, 'now');

interface At {
  readonly offset: number;
  readonly partition: number;
  readonly user?: string;
  readonly lineage?: string;
}

const message = ({ offset, partition, user = `u${offset}`, lineage = 'now' }: At) => {
  const example = interactions.example as unknown as Interaction;
  const value = { ...example, lineage, user_id: user, source_partition: 0, source_offset: offset };
  return { partition, key: user, value: Buffer.from(JSON.stringify(value)) };
};

function compared(expected: readonly At[], actual: readonly At[]) {
  const findings = new Findings();
  const ledger = new Ledger('t', findings, {
    cut: new Set(),
    cutTargets: new Set(),
    toOnePartition: reader.toOnePartition,
  });
  for (const one of expected.map(message)) {
    for (const entry of reader.entries(one) ?? []) ledger.expect(entry);
  }
  for (const one of actual.map(message)) {
    for (const entry of reader.entries(one) ?? []) ledger.actual(entry);
  }
  ledger.missing(() => 1e9);
  return findings.examples.map(({ where, what }) => `${where} ${what}`);
}

const [l2, l4, l9] = [2, 4, 9].map((offset) => ({ offset, partition: 0 })) as [At, At, At];
const [r1, r3, r5] = [1, 3, 5].map((offset) => ({ offset, partition: 1 })) as [At, At, At];
const folded = [r1, l2, r3, l4, r5, l9];

test('one source feeds two partitions, and how they are read in turns says nothing', () => {
  expect(compared(folded, folded)).toEqual([]);
  expect(compared(folded, [l2, l4, r1, r3, l9, r5])).toEqual([]);
  expect(compared(folded, [l2, l4, l9, r1, r3, r5])).toEqual([]);
});

test('within a partition the order counts, and a position is on one of them only', () => {
  expect(compared(folded, [l2, l4, r3, r1, l9, r5])).toEqual([
    't of 0:1 for partition 1 comes first after a later one: readers pass it by',
  ]);
  expect(compared(folded, [{ ...r5, partition: 0 }, ...folded])).toEqual([
    't of 0:5 for partition 0 must be on one partition only, which is 1',
    't of 0:2 for partition 0 comes first after a later one: readers pass it by',
    't of 0:4 for partition 0 comes first after a later one: readers pass it by',
  ]);
});

test('another key and another content differ, and another lineage is not looked at', () => {
  const other = folded.map((one) => (one === l4 ? { ...one, user: 'other' } : one));
  expect(compared(folded, other)).toEqual([
    't of 0:4 for partition 0 is on the topic with another content',
  ]);
  expect(compared(folded, [{ ...l9, lineage: 'before' }, ...folded])).toEqual([]);
});
