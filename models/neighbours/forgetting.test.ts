import { expect, test } from 'vitest';

import type { Signal } from '../model.ts';
import { slotsMax } from './actors.ts';
import { neighbourSide } from './item-side.ts';
import { passages } from './passages.ts';
import type { Row } from './rows.ts';

const ann = { user: 'ann', session: 'ann-1' };
const bob = { user: 'bob', session: 'bob-1' };

test.each(['s', 'u'] as const)('rows of actors (%s) go with their user, and no others', (sort) => {
  const side = neighbourSide({
    sort,
    actorsPerItemMax: 6,
    actorsMax: slotsMax,
    itemsMax: 5,
    renews: false,
    typeWeights: { view: 0 },
  });
  const rows = new Map<string, Row>();
  /** As the fold does it. */
  const take = (signal: Signal): void => {
    const row = rows.get(signal.item);
    if (row !== undefined && side.isForgotten?.(row, signal) === true) rows.delete(signal.item);
    else {
      const next = side.learn(row, signal, { atMs: 1.7e12, clock: 1, type: 'click' });
      if (next !== null) rows.set(signal.item, next);
    }
  };
  for (const visitor of [ann, bob])
    for (const signal of passages.signals('tea', 1.7e12, [], visitor)) take(signal);
  const before = [...rows.keys()];
  expect(before).toHaveLength(3);
  for (const signal of passages.forget?.({ ...ann, session: 'ann-1' }) ?? []) take(signal);
  const left = [...rows.keys()];
  expect(left).toHaveLength(2);
  expect(left).toContain('tea');
  // Nobody is forgotten twice, nor whoever has the slot by now.
  for (const signal of passages.forget?.(ann) ?? []) {
    const other = passages.forget?.(bob)[sort === 's' ? 0 : 1] ?? signal;
    take({ ...signal, item: other.item });
  }
  expect([...rows.keys()]).toEqual(left);
});
