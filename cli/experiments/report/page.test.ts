import { describe, expect, test } from 'vitest';

import { faultOf } from '../../report/well-formed.ts';
import { assess, type ReadExperiment } from '../assessed.ts';
import { madeUp, madeUpFigures, startMs } from '../fixtures.ts';
import { experimentHtml } from './page.ts';

const hostile = `<b>"A&B'</b><script>alert(1)</script>`;
const pageOf = (read: ReadExperiment): string => experimentHtml(assess(read), startMs);

const many = pageOf(madeUp());
const counts = madeUpFigures();
const unbalanced = {
  ...counts,
  variants: counts.variants.map((one, at) => (at === 0 ? one : { ...one, exposed: 15_000 })),
};

test.each([
  ['many', many],
  ['few', pageOf(madeUp({ users: 60, points: 3 }))],
  ['nobody', pageOf(madeUp({ users: 0 }))],
  ['nothing counted', pageOf(madeUp({ figures: null, countedToMs: null }))],
  ['a draft', pageOf(madeUp({ figures: null, record: { state: 'draft', startedAtMs: null } }))],
  ['eight variants', pageOf(madeUp({ names: 'abcdefgh'.split('') }))],
  ['one moment', pageOf(madeUp({ points: 1 }))],
  ['a mismatch', pageOf(madeUp({ figures: unbalanced }))],
])('is whole with %s, and asks for nothing from outside', (_, page) => {
  expect(faultOf(page)).toBeNull();
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
  expect(page).not.toMatch(/\b(https?:|url\(|@import|src=|href=|<link|<iframe|<object|<script)/i);
});

describe('what is read first', () => {
  const order = (page: string): string[] =>
    [...page.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, title = '']) => title);

  test('the sentence, then whether the figures can be believed, then the difference', () => {
    expect(order(many)).toEqual([
      'Exposures and sample ratio',
      'Difference from the control',
      'Guardrails',
      'What rules did',
      'Outcome by variant',
      'What the time before explains',
      'Users in two variants, and late interactions',
      'What is missing for a decision',
      'Definition',
      'How to read this',
    ]);
    expect(many).toContain('<p class="said good">&#39;newer&#39; is better than the control');
    expect(many).toContain('experiment decide nearer-or-newer --winner newer');
  });

  test('a mismatch, before any winner', () => {
    const page = pageOf(madeUp({ figures: unbalanced }));
    expect(page).toContain('<p class="said bad">Do not believe these figures');
    expect(page).toContain('a sample ratio mismatch.');
    expect(page).not.toContain('--winner');
  });

  test('what cannot have been counted is not shown as if it had', () => {
    for (const n of [Number.NaN, -1, Infinity]) {
      const variants = counts.variants.map((one) => ({ ...one, outcome: { ...one.outcome, n } }));
      const page = pageOf(madeUp({ figures: { ...counts, variants } }));
      expect(page).toContain('<p class="said bad">Do not believe these figures: what is stored');
      expect(page).not.toMatch(/NaN|Infinity|-1 users/);
    }
  });

  test('a draft, nothing counted, a decision', () => {
    const draft = pageOf(madeUp({ figures: null, record: { state: 'draft' } }));
    expect(draft).toContain('It has not been started: nobody takes part.');
    expect(pageOf(madeUp({ figures: null }))).toContain('Nothing has been counted');
    const decision = { winner: 'newer', sentence: 'newer it is', promoted: 'home-feed@1' };
    const decided = pageOf(madeUp({ record: { state: 'decided', decision } }));
    expect(decided).toContain('<p class="said good">Decided for &#39;newer&#39;: newer it is</p>');
    expect(decided).toContain('promoted in home-feed@1');
  });
});

test('a stopped variant says why, and is not asked to have its share of users', () => {
  const stops = [{ variant: 'newer', why: 'a guardrail' }];
  const page = pageOf(madeUp({ names: ['same', 'newer', 'other'], record: { stops } }));
  expect(page).toContain('<dt>Stopped &#39;newer&#39;</dt><dd>a guardrail</dd>');
  expect(page).toMatch(/newer<small>stopped<\/small><\/th><td>33\.3 %<\/td><td>[^<]+<\/td><td>–</);
});

test('where only the control is left, nothing is waited for', () => {
  const page = pageOf(madeUp({ record: { stops: [{ variant: 'newer', why: 'a guardrail' }] } }));
  expect(page).toMatch(/<p>Nothing\. npx .* decide nearer-or-newer --no-winner/);
});

test('guardrails that are broken stand out, with their limits', () => {
  const variants = counts.variants.map((one) => ({
    ...one,
    answers: { ...one.answers, predicted: one.answers.answers / 2 },
  }));
  const page = pageOf(madeUp({ figures: { ...counts, variants } }));
  expect(page.split('<span class="alarm">broken</span>').length).toBe(3);
  expect(page).toContain('at least 90 %');
  expect(page).toContain(
    '&#39;newer&#39; breaks a guardrail: answers that the model itself gave are 50 %',
  );
  // It is better, and yet nothing to serve everybody with.
  expect(page).not.toContain('--promote');
});

test('the course has a band without what was not known, and its control line', () => {
  const [first = ''] =
    /<svg class="plot" role="img" aria-labelledby="interval-0[\s\S]*?<\/svg>/.exec(many) ?? [];
  expect(first).toContain('class="stretch s1"');
  expect(first.match(/class="level"/g)?.length).toBe(3);
  expect(first).toContain('>control</text>');
  expect(first.match(/class="mark /g)?.length).toBe(1);
});

test('escapes whatever names hold', () => {
  const read = madeUp({ figures: null });
  const { definition } = read.record;
  const page = pageOf({
    ...read,
    figures: {
      ...counts,
      variants: counts.variants.map((one) => ({
        ...one,
        variant: hostile,
        removed: { [hostile]: 1 },
      })),
    },
    record: {
      ...read.record,
      definition: {
        ...definition,
        experiment: hostile,
        context: hostile,
        outcome: { ...definition.outcome, kinds: [hostile] },
        variants: definition.variants.map((one) => ({ ...one, variant: hostile, model: hostile })),
      },
      stops: [{ variant: null, why: hostile }],
    },
  });
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<b>');
  expect(faultOf(page)).toBeNull();
  expect(page.split('&lt;script&gt;').length).toBeGreaterThan(10);
});
