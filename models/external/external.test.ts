import { describe, expect, test } from 'vitest';

import { encodeList, encodeParts, sourceMark } from '../../schemas/packed/external-candidates.ts';
import type { Learned, PersonalRetrieval } from '../model.ts';
import { profileOf } from '../profile.ts';
import { external } from './external.ts';

const hourMs = 3_600_000;
const retrievalOf = (config: object): PersonalRetrieval =>
  external.retrieval({}, external.retrievalSchema.parse(config)) as PersonalRetrieval;
const world = { items: null, weights: null };
const learnedOf = (source: string, user: string, ids: readonly string[]): Learned => {
  const items = ids.map((itemId, at) => ({ itemId, score: ids.length - at }));
  const list = encodeList({ computedAtMs: 10 * hourMs, items });
  const row = encodeParts([{ mark: sourceMark(source), list }]);
  return { rows: new Map([[user, row]]), heads: new Map(), rankings: [] };
};

describe('external', () => {
  test('serves the list of its source as it is, to its depth', () => {
    const retrieval = retrievalOf({ source: 'nightly', depth: 2 });
    const profile = profileOf('ann', []);
    expect(retrieval.wants(profile)).toEqual([['ann']]);
    const learned = learnedOf('nightly', 'ann', ['a', 'b', 'c']);
    expect(retrieval.figures(profile, [learned], world)).toEqual([[]]);
    expect(retrieval.rank(profile, [learned], world)).toEqual([
      { itemId: 'a', score: 3 },
      { itemId: 'b', score: 2 },
    ]);
  });

  test('has nothing of a source that sent nothing, or another list than its own', () => {
    const retrieval = retrievalOf({ source: 'nightly' });
    const profile = profileOf('ann', []);
    for (const learned of [
      { rows: new Map(), heads: new Map(), rankings: [] },
      learnedOf('nightly', 'ann', []),
      learnedOf('editors', 'ann', ['a']),
      learnedOf('nightly', 'bob', ['a']),
    ])
      expect(retrieval.rank(profile, [learned], world)).toEqual([]);
  });

  test('passes over a list that is older than it may be', () => {
    const retrieval = retrievalOf({ source: 'nightly', ageHoursMax: 5 });
    const learned = learnedOf('nightly', 'ann', ['a']);
    const at = (hours: number) => profileOf('ann', [], hours * hourMs);
    expect(retrieval.rank(at(15), [learned], world)).toHaveLength(1);
    expect(retrieval.rank(at(15.1), [learned], world)).toEqual([]);
  });
});
