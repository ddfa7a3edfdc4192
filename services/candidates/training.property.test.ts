import fc from 'fast-check';
import { expect, test } from 'vitest';

import { packOf, Stage, type Worked } from './fakes.ts';
import { toyModel, toyOf } from './toy-model.ts';

/** What may happen, in any order. */
type Step =
  | { readonly kind: 'visit'; readonly user: string }
  /** Services move on by some records; each may be ahead of the others. */
  | { readonly kind: 'features' | 'learn' | 'see'; readonly by: number }
  | { readonly kind: 'slice' | 'dies' | 'works'; readonly size: number }
  | { readonly kind: 'stale'; readonly user: string }
  /** An owner that takes what stood there a while ago for the header. */
  | { readonly kind: 'overtaken'; readonly size: number }
  /** An owner that was held up sends and stores what it had worked out long ago. */
  | { readonly kind: 'late' }
  /** Redis comes back as it was a while ago. */
  | { readonly kind: 'remembers' | 'forgets' };

const user = fc.constantFrom('ann', 'bob', 'cid', 'unlogged');
const by = fc.integer({ min: 1, max: 6 });
const size = fc.integer({ min: 1, max: 8 });
const kind = <K extends Step['kind']>(...kinds: K[]) => fc.constantFrom(...kinds);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: kind('visit'), user }) },
  { weight: 5, arbitrary: fc.record({ kind: kind('features', 'learn', 'see'), by }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('slice', 'slice', 'dies', 'works'), size }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('overtaken'), size }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('stale'), user }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('late') }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('remembers', 'forgets') }) },
);

async function play(steps: readonly Step[]): Promise<Stage> {
  const stage = new Stage([toyModel('aaaa'), toyModel('bbbb', 'other-weights')], {
    packBytesMax: 200,
  });
  const held: Worked[] = [];
  let believed: string | null = null;
  let folded = 0;
  let learned = -1;
  let seen = 0;
  let snapshot: {
    values: [string, Buffer][];
    folded: number;
    learned: number;
    seen: number;
  } | null = null;
  for (const one of steps) {
    const end = stage.visits.length;
    stage.nowMs += 40_000;
    if (one.kind === 'visit') stage.visit(one.user);
    if (one.kind === 'features') stage.features((folded = Math.min(end, folded + one.by)));
    if (one.kind === 'learn') stage.learn((learned = Math.min(end - 1, learned + one.by)));
    // A slice that is ahead of the features waits: that is another test's.
    const ready = 'size' in one ? Math.min(one.size, folded - stage.next()) : 0;
    if (one.kind === 'see') stage.see((seen = Math.min(end, seen + one.by)));
    if (one.kind === 'slice' && ready > 0) await stage.run(ready);
    if (one.kind === 'dies' && ready > 0) stage.emit(await stage.work(ready));
    if (one.kind === 'works' && ready > 0) held.push(await stage.work(ready));
    if (one.kind === 'overtaken') {
      const room = Math.min(one.size, folded - stage.next(believed));
      if (room > 0) stage.emit(await stage.work(room, believed));
      believed = stage.headerText();
    }
    if (one.kind === 'stale') await stage.commit(await stage.stale(one.user));
    if (one.kind === 'late') {
      const late = held.shift();
      if (late !== undefined) stage.emit(late);
      if (late !== undefined) await stage.commit(late);
    }
    if (one.kind === 'remembers')
      snapshot = { values: [...stage.store.values], folded, learned, seen };
    if (one.kind === 'forgets' && snapshot !== null) {
      stage.store.values.clear();
      for (const [key, value] of snapshot.values) stage.store.values.set(key, value);
      ({ folded, learned, seen } = snapshot);
    }
  }
  return stage;
}

/** What of the topic counts: per target partition the first record of each position. */
function counted(stage: Stage) {
  const marks = new Map<number, number>();
  return stage.topic.flatMap(({ partition: target = -1, value }) => {
    const before = marks.get(target) ?? -1;
    const pack = packOf(value ?? null);
    marks.set(target, Math.max(before, pack.last_offset));
    return pack.examples.filter(({ offset }) => offset > before);
  });
}

test('whatever happens, an example that counts knew all before its label, and nothing of it', async () => {
  let closed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
      const stage = await play(steps);
      const labels = new Set<string>();
      for (const one of counted(stage)) {
        closed += 1;
        const { user: who, recent, next, learned, had } = toyOf(one);
        const label = `${one.weights}/${one.offset}`;
        expect(labels.has(label)).toBe(false);
        labels.add(label);
        expect(stage.visits[one.offset]).toMatchObject({ user: who, item: next });
        const before = stage.visits.slice(0, one.offset).findLast((visit) => visit.user === who);
        expect(recent).toBe(before?.item);
        expect(learned).toBeLessThan(one.offset);
        expect(had).toBeLessThan(one.offset);
      }
    }),
    { numRuns: 400 },
  );
  expect(closed).toBeGreaterThan(100);
});

test('a pack is in order, and holds all examples of its interactions for its partition', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const stage = await play(
        steps.filter(
          ({ kind: what }) => what === 'visit' || what === 'features' || what === 'slice',
        ),
      );
      const lasts = new Map<number, number>();
      for (const { partition: target = -1, value } of stage.topic) {
        const pack = packOf(value ?? null);
        const offsets = pack.examples.map(({ offset }) => offset);
        expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
        expect([pack.first_offset, pack.last_offset]).toEqual([offsets[0], offsets.at(-1)]);
        expect(pack.first_offset).toBeGreaterThan(lasts.get(target) ?? -1);
        lasts.set(target, pack.last_offset);
      }
    }),
    { numRuns: 60 },
  );
});
