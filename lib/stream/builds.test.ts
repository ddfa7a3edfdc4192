import { describe, expect, test } from 'vitest';

import {
  alsoDrop,
  beginDrop,
  type Builds,
  endDrop,
  finishBuild,
  noBuilds,
  planBuild,
} from './builds.ts';
import type { CurrentGeneration } from './current.ts';
import { buildIdOf, shortIdOf } from './identity.ts';
import { foldKeys } from './keys.ts';

const hash = 'a1b2c3d4e5f60718'.repeat(4);
const otherHash = '00112233445566ff'.repeat(4);
const parts = (of = hash) => ({
  name: 'counting',
  hash: of,
  lineage: `lineage-${of.slice(0, 2)}`,
  code: 'z',
  family: 'user' as const,
  partitions: 2,
});
const first: CurrentGeneration = { ...parts(), id4: shortIdOf(hash) };

const planned = (
  builds: Builds,
  {
    of = hash,
    replaces = first as CurrentGeneration | null,
    back = false,
    from = undefined as readonly number[] | undefined,
    askedMs = undefined as number | undefined,
  } = {},
): Builds => {
  const given = from === undefined ? parts(of) : { ...parts(of), from };
  const asked = askedMs === undefined ? {} : { askedMs };
  return planBuild(builds, { parts: given, replaces, back, ...asked, nowMs: 5 }) ?? builds;
};
const built = ({ building }: Builds): CurrentGeneration => building?.generation ?? first;
const switched = (builds: Builds, untilMs: number): Builds =>
  finishBuild(builds, { current: built(builds), untilMs });

describe('a build', () => {
  test('has keys of its own, and decisions in common with all builds of its identity', () => {
    const one = built(planned(noBuilds));
    expect(one).toMatchObject({ build: 1, id4: buildIdOf(hash, 1), lineage: first.lineage });
    const [before, after] = [foldKeys(first), foldKeys(one)];
    expect(after.header(0)).not.toBe(before.header(0));
    expect(after.row(0, 'ann')).not.toBe(before.row(0, 'ann'));
    expect(after.decided(1)).toBe(before.decided(1));
  });

  test('is the first one where nothing is current and nothing was ever built', () => {
    const one = built(planned(noBuilds, { replaces: null }));
    expect(one).toEqual({ ...parts(), id4: shortIdOf(hash) });
  });

  test('that was begun is gone on with; under other settings it is left behind', () => {
    const begun = planned(noBuilds);
    expect(built(planned(begun))).toEqual(built(begun));
    const changed = planned(begun, { of: otherHash });
    expect(built(changed).hash).toBe(otherHash);
    expect(changed).toMatchObject({ kept: [], dropping: [built(begun)] });
  });

  test('that begins elsewhere in the log is not gone on with, and left behind', () => {
    const cut = planned(noBuilds, { from: [3, 8] });
    expect(built(planned(cut, { from: [3, 8] }))).toEqual(built(cut));
    for (const from of [undefined, [3, 9]]) {
      const other = planned(cut, { from });
      expect(built(other).from).toEqual(from);
      expect(built(other).id4).not.toBe(built(cut).id4);
      expect(other).toMatchObject({ kept: [], dropping: [built(cut)] });
      // It was never current: there is nothing to go back to.
      const plan = { parts: parts(), replaces: first, back: true, nowMs: 5 };
      expect(planBuild(other, plan)).toBeNull();
    }
    const kept = switched(planned(noBuilds), 100);
    const now = { ...first, id4: buildIdOf(hash, 1), build: 1 };
    const going = planned(kept, { replaces: now, back: true });
    const left = planned(going, { replaces: now });
    // For as long as it was to be.
    expect(left).toMatchObject({ kept: [{ generation: first, untilMs: 100 }], dropping: [] });
    const whole = planned(noBuilds);
    expect(built(planned(whole, { from: [3, 8] }))).toMatchObject({ from: [3, 8], build: 2 });
  });

  test('that was asked for from a time on is gone on with though retention has moved the beginning', () => {
    const begun = planned(noBuilds, { from: [0, 3], askedMs: 900 });
    expect(built(planned(begun, { from: [0, 7], askedMs: 900 }))).toEqual(built(begun));
    expect(built(planned(begun, { from: [0, 7], askedMs: 901 })).from).toEqual([0, 7]);
    expect(built(planned(begun)).from).toBeUndefined();
  });

  test('of a part of the log never has the keys of a service that folds all of it', () => {
    const cut = built(planned(noBuilds, { replaces: null, from: [3, 8] }));
    expect(cut).toMatchObject({ build: 1, id4: buildIdOf(hash, 1) });
  });

  test('that was given up and is still folded is dropped once more, and no other one is', () => {
    const begun = planned(noBuilds);
    expect(alsoDrop(begun, built(begun))).toBe(begun);
    const other = endDrop(planned(begun, { of: otherHash }), built(begun));
    expect(other.dropping).toEqual([]);
    const again = alsoDrop(other, built(begun));
    expect(again.dropping).toEqual([built(begun)]);
    expect(alsoDrop(again, built(begun))).toBe(again);
  });

  test('never takes the number of one before it, even where that was dropped', () => {
    let builds = switched(planned(noBuilds), 100);
    const one = { ...first, id4: buildIdOf(hash, 1), build: 1 };
    builds = switched(planned(builds, { replaces: one }), 200);
    builds = beginDrop(builds, () => true);
    for (const gone of builds.dropping) builds = endDrop(builds, gone);
    expect(builds).toMatchObject({ building: null, kept: [], dropping: [] });
    expect(built(planned(builds, { replaces: { ...one, build: 2 } })).build).toBe(3);
  });
});

describe('what was current', () => {
  test('is kept after the switch, and is what there is to go back to', () => {
    const kept = switched(planned(noBuilds), 100);
    expect(kept).toMatchObject({ building: null, kept: [{ generation: first, untilMs: 100 }] });
    const now = { ...first, id4: buildIdOf(hash, 1), build: 1 };
    const back = planned(kept, { replaces: now, back: true });
    expect(back.building).toMatchObject({ generation: first, replaces: now, back: true });
    expect(back.kept).toEqual([]);
    expect(planned(back, { replaces: now, back: true })).toEqual(back);
    expect(switched(back, 300).kept).toEqual([{ generation: now, untilMs: 300 }]);
  });

  test('under another identity cannot be gone back to with these settings', () => {
    const kept = switched(planned(noBuilds, { of: otherHash }), 100);
    const replaces = { ...parts(otherHash), id4: shortIdOf(otherHash) };
    const plan = { parts: parts(otherHash), replaces, back: true, nowMs: 5 };
    expect(planBuild(kept, plan)).toBeNull();
    expect(planBuild(kept, { ...plan, parts: parts() })?.building?.generation).toEqual(first);
  });

  test('leaves what can be gone back to before the first of its keys is deleted', () => {
    const kept = switched(planned(noBuilds), 100);
    expect(beginDrop(kept, ({ untilMs }) => untilMs <= 99)).toEqual(kept);
    const dropping = beginDrop(kept, ({ untilMs }) => untilMs <= 100);
    expect(dropping).toMatchObject({ kept: [], dropping: [first] });
  });
});

test('a switch that was not written down is written down once', () => {
  const begun = planned(noBuilds);
  expect(finishBuild(begun, { current: first, untilMs: 1 })).toEqual(begun);
  const done = switched(begun, 1);
  expect(finishBuild(done, { current: built(begun), untilMs: 2 })).toEqual(done);
});
