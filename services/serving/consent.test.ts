import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import { admit } from './admission.ts';
import { answerBatch } from './answering.ts';
import { asked, of as sentTo, serve, start } from './batch-asking.ts';
import { acceptedRequest } from './fakes.ts';
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

test.each([
  ['unknown_context', { context_id: 'other' }],
  ['expired', { deadline_at: 4_000 }],
  ['invalid', { count: 0 }],
  ['invalid', { page_token: 'x' }],
  ['invalid', { user_id: 'x'.repeat(129) }],
])('a refusal (%s) without consent names nobody, whatever name and key came', async (...given) => {
  const [status, change] = given;
  const { parts, own } = await start();
  const records = ['', 'alice'].map((user, n) => ({
    ...asked(n, { user_id: user, consent: false, ...change }),
    key: Buffer.from('alice'),
  }));
  await serve({ records, highWatermark: 2 }, parts);
  expect(sentTo<Recommendation>(own, 'rec')).toMatchObject([
    { status, user_id: '', consent: false },
    { status, user_id: '', consent: false },
  ]);
  expect(own.map(({ key }) => key)).toEqual(own.map(() => null));
});

test('a request that cannot be read is answered by its key, with the consent that it does not deny', async () => {
  const { parts, own } = await start();
  const record = { ...asked(1), key: Buffer.from('alice'), value: null };
  await serve({ records: [record], highWatermark: 2 }, parts);
  const said = { status: 'invalid', user_id: 'alice', consent: true };
  expect(sentTo<Recommendation>(own, 'rec')).toMatchObject([said]);
});

test('whoever asks without a name shares no place with others who do', () => {
  const all = Array.from({ length: 80 }, (_, n) => {
    const one = acceptedRequest(n, { userId: n % 4 === 0 ? 'hot' : '' });
    return { ...one, request: { ...one.request, consent: false } };
  });
  const { admitted, shed } = admit(all, { sliceMax: 10, msPerAnswer: 2, nowMs: 1_000 });
  const nameless = admitted.filter(({ request }) => request.user_id === '');
  // Of one who is named an eighth of all, as with consent.
  expect([nameless.length, admitted.length, shed.length]).toEqual([60, 70, 10]);
  expect(shed.every(({ userId, consent }) => userId === '' && !consent)).toBe(true);
});
