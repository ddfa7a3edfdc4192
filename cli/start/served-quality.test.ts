import { expect, test } from 'vitest';

import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { userEvents } from '../../topics/user-events.ts';
import { everyOf, ServedQuality } from './served-quality.ts';

const never = new AbortController().signal;

const event = (user: string, item: string): UserEvent => ({
  ...(userEvents.example as unknown as UserEvent),
  user_id: user,
  item_id: item,
});

const answerWith = (items: readonly string[], profileOffset: number): Recommendation => ({
  ...(recommendations.example as unknown as Recommendation),
  items: items.map((item_id) => ({ item_id, score: 1, step: 0 })),
  candidates_offset: profileOffset,
});

async function* inBatches(events: readonly UserEvent[], size: number) {
  for (let at = 0; at < events.length; at += size) yield events.slice(at, at + size);
}

const unclicked = { answer_id: null, context_id: null };

/** Sends what is held: each event stands on its topic at once, at the next offset. */
async function replay(
  events: readonly UserEvent[],
  given: {
    readonly answer: (
      user: string,
      sent: readonly UserEvent[],
      asked: number,
    ) => Recommendation | null;
    readonly passOver?: number;
    readonly newcomersMax?: number;
    readonly size?: number;
  },
) {
  const sent: UserEvent[] = [];
  const asked: { readonly user: string; readonly after: number }[] = [];
  const quality = new ServedQuality({
    judged: events.length,
    newcomersMax: given.newcomersMax ?? 0,
    settleMsMax: 60_000,
    isRepeat: ({ item_id: item }) => item === 'i9',
    ask: async (user) => {
      asked.push({ user, after: sent.length });
      return given.answer(user, sent, asked.length);
    },
  });
  const held = quality.holding(inBatches(events, given.size ?? 4), {
    passOver: given.passOver ?? 0,
    signal: never,
  });
  for await (const batch of held)
    for (const one of batch) {
      quality.took({ userId: one.user_id, itemId: one.item_id, atMs: 0, offset: sent.length });
      sent.push(one);
    }
  expect(sent.map((one) => ({ ...one, ...unclicked }))).toEqual(
    events.map((one) => ({ ...one, ...unclicked })),
  );
  return { sent, asked, figures: quality.figures() };
}

const events = Array.from({ length: 20 }, (_, n) => event(`u${n % 2}`, `i${n}`));

test('every fifth event is asked for when all before it are sent, and it is not', async () => {
  const { asked, figures } = await replay(events, {
    answer: (_, sent) => answerWith(['x', `i${sent.length}`], sent.length),
  });
  expect(asked).toEqual([4, 9, 14, 19].map((after) => ({ user: `u${after % 2}`, after })));
  expect(figures).toEqual({ quality_answers: 4, hit_rate_20: 1, mrr_20: 0.5, hit_rate_20_new: 1 });
});

test('an event says the answer that held its item, and no other', async () => {
  const { sent } = await replay(events, {
    answer: (_, before) => ({
      ...answerWith(before.length === 9 ? ['x'] : [`i${before.length}`], before.length),
      answer_id: `answer-${before.length}`,
      context_id: 'home-feed',
    }),
  });
  const clicked = sent.filter((one, at) => one !== events[at]);
  expect(clicked.map(({ item_id, answer_id }) => [item_id, answer_id])).toEqual([
    ['i4', 'answer-4'],
    ['i14', 'answer-14'],
    ['i19', 'answer-19'],
  ]);
  expect(clicked.map(({ context_id }) => context_id)).toEqual(clicked.map(() => 'home-feed'));
});

test('what a user does later with what an answer showed is an outcome of it, until the next', async () => {
  const { sent } = await replay(events, {
    answer: (_, before) => ({
      ...answerWith(before.length === 4 ? ['i6', 'i7', 'i16'] : ['i18'], before.length),
      answer_id: `answer-${before.length}`,
    }),
  });
  const clicked = sent.filter((one, at) => one !== events[at]);
  expect(clicked.map(({ item_id, answer_id }) => [item_id, answer_id])).toEqual([
    ['i6', 'answer-4'],
    ['i18', 'answer-14'],
  ]);
});

test('the first users that come ask before their first event, and are not judged', async () => {
  const { sent, asked, figures } = await replay(events, {
    answer: (_, before) => answerWith([`i${before.length}`], before.length),
    passOver: 12,
    newcomersMax: 1,
  });
  expect(asked).toEqual([
    { user: 'u0', after: 12 },
    { user: 'u0', after: 16 },
  ]);
  expect(figures.quality_answers).toBe(1);
  expect(sent.flatMap((one, at) => (one === events[at] ? [] : [one.item_id]))).toEqual([
    'i12',
    'i16',
  ]);
});

test('the 21st item is no hit, and an answer of another status is not judged', async () => {
  const others = Array.from({ length: 20 }, (_, n) => `x${n}`);
  const { figures } = await replay(events, {
    answer: (_, sent, asked) => ({
      ...answerWith([...others, `i${sent.length}`], sent.length),
      status: asked === 1 ? 'overloaded' : 'ok',
    }),
  });
  expect(figures).toEqual({ quality_answers: 3, hit_rate_20: 0, mrr_20: 0, hit_rate_20_new: 0 });
});

test('what the user had had before counts for one rate and not for the other', async () => {
  const { figures } = await replay(events, {
    answer: (_, sent) => answerWith(sent.length === 14 ? ['i14'] : [], sent.length),
  });
  expect(figures).toMatchObject({ quality_answers: 4, hit_rate_20: 0.25, hit_rate_20_new: 0.3333 });
});

test('a list that does not know the last event of its user is asked for again', async () => {
  const { asked, figures } = await replay(events, {
    answer: (_, sent, count) =>
      count % 2 === 1 ? answerWith([`i${sent.length}`], sent.length - 3) : answerWith([], 99),
  });
  expect(asked.map(({ after }) => after)).toEqual([4, 4, 9, 9, 14, 14, 19, 19]);
  expect(figures).toEqual({ quality_answers: 4, hit_rate_20: 0, mrr_20: 0, hit_rate_20_new: 0 });
});

test('events before the last tenth pass, however they are cut, and no answer is no judgement', async () => {
  for (const size of [1, 7, 20]) {
    const { asked, figures } = await replay(events, { answer: () => null, passOver: 12, size });
    expect(asked.map(({ after }) => after)).toEqual([16]);
    expect(figures).toEqual({
      quality_answers: 0,
      hit_rate_20: null,
      mrr_20: null,
      hit_rate_20_new: null,
    });
  }
});

test('about 300 are asked for, and never more than every fifth', () => {
  expect([everyOf(200), everyOf(2_000), everyOf(38_635)]).toEqual([5, 7, 129]);
});
