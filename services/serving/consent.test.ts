import fc from 'fast-check';
import { expect, test } from 'vitest';

import { answerBatch } from './answering.ts';
import { exposure, recommendation } from './outputs.ts';
import { acceptedOf, partsOf } from './rule-asking.ts';
import * as worlds from './rule-world.ts';
import type { World } from './rule-world.ts';

/** Asks without consent, and says which keys were read for it. */
async function ask(of: World) {
  const parts = await partsOf(of);
  const read: string[] = [];
  const accepted = acceptedOf(of, null);
  const [done] = await answerBatch(
    [{ ...accepted, request: { ...accepted.request, consent: false } }],
    {
      ...parts,
      redis: {
        mgetMany: (groups) => {
          read.push(...groups.flat());
          return parts.redis.mgetMany(groups);
        },
      },
    },
  );
  if (done === undefined) throw new Error('no answer');
  return { done, read };
}

test('without consent an answer rests on nothing that is kept of its user, and leaves nothing', async () => {
  let [withItems, withoutRead] = [0, 0];
  await fc.assert(
    fc.asyncProperty(worlds.world, async (of) => {
      const { done, read } = await ask(of);
      const stranger = { sights: [], served: [], country: undefined, inExperiment: false };
      const other = await ask({ ...of, ...stranger, personal: [], variant: [] });
      const answer = recommendation(done);
      expect(answer).toEqual(recommendation(other.done));
      expect(answer).toMatchObject({ user_id: '', consent: false, experiment: null });
      expect([answer.seen_offset, answer.served_offset, answer.candidates_offset]).toEqual([
        -1, -1, -1,
      ]);
      expect(answer.judged_with['revision.profile']).toBeUndefined();
      expect(exposure(done, 'serving')).toBeNull();
      expect(read.filter((key) => key.endsWith(worlds.userId))).toEqual([]);
      withItems += answer.items.length > 0 ? 1 : 0;
      withoutRead += read.length === 0 ? 1 : 0;
    }),
    { numRuns: 300 },
  );
  expect(withItems).toBeGreaterThan(50);
  expect(withoutRead).toBeGreaterThan(0);
});
