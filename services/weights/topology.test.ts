import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { TrainingExample, TrainingPack } from '../../schemas/generated/training-pack.ts';
import { weightsFold } from './topology.ts';

const lineage = 'candidates00';

/** Remembers how many examples it had, and a figure that depends on each and on their order. */
const toy = {
  weights: {
    revision: 1,
    learn(weights: Buffer | null, example: Buffer): Buffer | null {
      if (example.length === 0) return null;
      const next = weights === null ? Buffer.alloc(8) : Buffer.from(weights);
      next.writeUInt32LE(next.readUInt32LE(0) + 1, 0);
      const figure = next.readUInt32LE(4);
      next.writeUInt32LE((Math.imul(figure, 31) + (example[0] ?? 0)) >>> 0, 4);
      return next;
    },
  },
};
const decoder = {
  prepare: async () => undefined,
  decode: (value: Buffer | null) => {
    if (value === null) return { ok: false as const, reason: 'empty_value', detail: '' };
    const pack = JSON.parse(value.toString()) as TrainingPack;
    const examples = pack.examples.map((one) => ({ ...one, example: Buffer.from(one.example) }));
    return { ok: true as const, value: { ...pack, examples } };
  },
};
const foldOf = (kinds = new Map([['toy', toy]])) =>
  weightsFold({ topic: 'training-examples', lineage, decoder, kinds });

type Act = Pick<TrainingExample, 'offset' | 'weights' | 'kind'> & { readonly byte: number };

const packOf = (source: number, acts: readonly Act[], by = lineage): Buffer =>
  Buffer.from(
    JSON.stringify({
      lineage: by,
      source_partition: source,
      first_offset: acts[0]?.offset ?? 0,
      last_offset: acts.at(-1)?.offset ?? 0,
      examples: acts.map(({ byte, ...act }) => ({ ...act, example: [byte] })),
    }),
  );
const packs = (source: number, acts: readonly Act[], size: number): Buffer[] =>
  Array.from({ length: Math.ceil(acts.length / size) }, (_, at) =>
    packOf(source, acts.slice(at * size, (at + 1) * size)),
  );
const logOf = (values: readonly (Buffer | null)[]): LogRecord[] =>
  values.map((value, offset) => ({
    topic: 'training-examples',
    partition: 0,
    offset,
    timestampMs: 1,
    key: null,
    value,
    headers: {},
  }));
const act = (offset: number, byte = offset, weights = 'w'): Act => ({
  offset,
  weights,
  kind: 'toy',
  byte,
});
const learned = async (values: readonly (Buffer | null)[]) => {
  const { rows, skipped, failures } = await drive(foldOf(), logOf(values));
  return {
    counts: Object.fromEntries([...rows].map(([name, row]) => [name, row.readUInt32LE(0)])),
    skipped: Object.fromEntries(skipped),
    failed: failures.map(({ reason }) => reason),
  };
};

describe('examples', () => {
  test('move the weights that they name, and no others', async () => {
    const pack = packOf(0, [act(3), act(4, 1, 'v'), act(4, 2), act(9)]);
    expect(await learned([pack])).toMatchObject({ counts: { w: 3, v: 1 }, skipped: {} });
  });

  test('of one position count once: those that came first, whatever they hold', async () => {
    const before = [packOf(0, [act(3, 1), act(5, 1)]), packOf(1, [act(4, 1)])];
    const again = packOf(0, [act(3, 9), act(4, 9), act(5, 9), act(6, 2)]);
    const once = await drive(foldOf(), logOf([...before, packOf(0, [act(6, 2)])]));
    const twice = await drive(foldOf(), logOf([...before, again]));
    expect([...twice.rows]).toEqual([...once.rows]);
    expect(twice.skipped.get('already_folded')).toBe(3);
  });

  test('of another generation, another kind, or without a lesson are passed over', async () => {
    const values = [
      packOf(0, [act(1)], 'other0000000'),
      packOf(0, [{ ...act(2), kind: 'later' }]),
      packOf(0, [act(3)]),
    ];
    expect(await learned(values)).toMatchObject({
      counts: { w: 1 },
      skipped: { other_lineage: 1, unknown_kind: 1 },
    });
    const none = { weights: { ...toy.weights, learn: () => null } };
    const { rows, skipped } = await drive(foldOf(new Map([['toy', none]])), logOf(values));
    expect([rows.size, skipped.get('teaches_nothing')]).toEqual([0, 1]);
  });

  test('that cannot be read are set aside', async () => {
    expect(await learned([null, packOf(0, [act(1)])])).toMatchObject({
      counts: { w: 1 },
      failed: ['empty_value'],
    });
  });
});

test('the weights do not depend on packs, slices, or on what is emitted again', async () => {
  const acts = fc
    .array(fc.record({ byte: fc.nat(255), weights: fc.constantFrom('v', 'w', 'x') }), {
      minLength: 1,
      maxLength: 40,
    })
    .map((all) => all.map((one, offset): Act => ({ ...one, offset, kind: 'toy' })));
  const cut = fc.record({
    size: fc.integer({ min: 1, max: 9 }),
    again: fc.integer({ min: 1, max: 9 }),
    from: fc.nat(40),
    recordsMax: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(acts, acts, cut, async (zero, one, by) => {
      const once = await drive(foldOf(), logOf([...packs(0, zero, 50), ...packs(1, one, 50)]));
      // Made again after a crash: with other content, since what was learned had moved on.
      const repeated = zero.slice(by.from).map((own) => ({ ...own, byte: 255 - own.byte }));
      const log = [...packs(0, zero, by.size), ...packs(0, repeated, by.again)];
      const other = await drive(foldOf(), logOf([...log, ...packs(1, one, by.size)]), {
        bounds: { recordsMax: by.recordsMax },
      });
      expect(other.rows).toEqual(once.rows);
    }),
    { numRuns: 100 },
  );
});

test('kinds and their revisions are part of the identity, kinds without weights are not', async () => {
  const identityOf = async (kinds: Parameters<typeof foldOf>[0]) =>
    (await drive(foldOf(kinds), [])).identity.hash;
  const none = { weights: null } as unknown as typeof toy;
  const raised = { weights: { ...toy.weights, revision: 2 } };
  const base = await identityOf(new Map([['toy', toy]]));
  expect(
    await identityOf(
      new Map([
        ['other', none],
        ['toy', toy],
      ]),
    ),
  ).toBe(base);
  expect(await identityOf(new Map([['toy', raised]]))).not.toBe(base);
  expect(
    await identityOf(
      new Map([
        ['toy', toy],
        ['more', toy],
      ]),
    ),
  ).not.toBe(base);
});
