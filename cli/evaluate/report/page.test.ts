import { describe, expect, test } from 'vitest';

import { faultOf } from '../../report/well-formed.ts';
import type { Evaluated, EvaluationResult, Quality } from '../result.ts';
import { reportHtml } from './page.ts';

const hostile = `<b>"A&B'</b><script>alert(1)</script>`;
const startMs = 1_700_000_000_000;
const hourMs = 3_600_000;

const quality = (tests: number, hr: number | null): Quality => ({
  tests,
  at: [
    { k: 20, hr, mrr: hr === null ? null : hr / 2, ndcg: hr },
    { k: 10, hr, mrr: hr, ndcg: hr },
  ],
});

const evaluated = (name: string, given: Partial<Evaluated> = {}): Evaluated => ({
  name,
  what: 'model',
  kind: 'co-visits',
  list: 'ahead',
  quality: quality(1_000, 0.3),
  quality_new: quality(500, 0.2),
  intervals: { hr: [0.28, 0.32], mrr: [0.14, 0.16] },
  by_history: [
    { from: 1, to: 1, quality: quality(10, 0.1) },
    { from: 2, to: null, quality: quality(990, 0.31) },
  ],
  over_time: [0, 1, 2].map((part) => ({
    from_ms: startMs + part * hourMs,
    to_ms: startMs + (part + 1) * hourMs,
    quality: part === 1 ? quality(0, null) : quality(300, 0.3),
  })),
  beyond: {
    user_coverage: 1,
    item_coverage: 0.5,
    at_least: { items: 20, share: 0.9 },
    diversity_categories: null,
    diversity_users: 0.8,
    personalisation: 0.9,
    novelty_bits: 10,
    popularity_percentile: 0.8,
    exposure_gini: 0.7,
  },
  cost: {
    us_per_prediction: 900,
    us_per_learned_event: 60,
    us_per_event_users: 20,
    logged_lists: 0,
    us_per_logged_list: null,
    examples: 0,
    learned_rows: 100,
  },
  context: null,
  ...given,
});

const resultOf = (
  all: readonly Evaluated[],
  given: { readonly name?: string; readonly tests?: number } = {},
): EvaluationResult => ({
  layout: 1,
  data: {
    name: given.name ?? 'shop',
    events: 10_000,
    users: 100,
    items: 50,
    first_ms: startMs,
    last_ms: startMs + 3 * hourMs,
    faults: 2,
  },
  protocol: {
    moment: 'ahead',
    test_from_ms: startMs,
    eligible: 2_000,
    tests: given.tests ?? 1_000,
    sample: { size: 1_000, seed: 42 },
    excludes_seen: true,
    ks: [20, 10],
    repeat_share: 0.4,
    cold_item_share: 0.01,
  },
  evaluated: all,
  seconds: 12,
});

const context = {
  size: 10,
  answered_by: [{ step: hostile, share: 1 }],
  removed_by: [{ rule: hostile, per_answer: 3 }],
  emptied_share: 0,
};
const everything = resultOf(
  [
    evaluated(`${hostile}@1`, { kind: hostile }),
    evaluated(hostile, { what: 'context', kind: null, context, intervals: null }),
  ],
  { name: hostile },
);

describe('the report', () => {
  const page = reportHtml(everything, startMs);

  test('is well-formed', () => {
    expect(faultOf('<p>a & b</p>')).not.toBeNull();
    expect(faultOf('<p><b>a</p></b>')).not.toBeNull();
    expect(faultOf(page)).toBeNull();
  });

  test('escapes whatever names hold', () => {
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<b>');
    const escaped = '&lt;b&gt;&quot;A&amp;B&#39;&lt;/b&gt;&lt;script&gt;alert(1)&lt;/script&gt;';
    // The data, the models, the kind, the step, the rule: in headings, legends and plots.
    expect(page.split(escaped).length).toBeGreaterThan(20);
  });

  test('asks for nothing from outside', () => {
    expect(page).not.toMatch(/\b(https?:|url\(|@import|src=|href=|<link|<iframe|<object)/i);
  });

  test('gives every plot a name, words and an axis with its unit', () => {
    const plots = page.match(/<svg class="plot"[\s\S]*?<\/svg>/g) ?? [];
    expect(plots.length).toBe(8);
    const ids = plots.flatMap((one) => [...one.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    expect(new Set(ids).size).toBe(2 * plots.length);
    for (const one of plots) {
      const [, title = '', words = ''] = /aria-labelledby="(\S+) (\S+)"/.exec(one) ?? [];
      expect(one).toContain(`<title id="${title}">`);
      expect(one).toContain(`<desc id="${words}">`);
      expect(one.match(/class="label"/g)?.length).toBe(2);
      expect(one).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(page).toContain('share of tests');
    expect(page).toContain('µs');
  });

  test('leaves a gap where nothing was tested, and marks what rests on few tests', () => {
    const [first = ''] = /<svg class="plot"[\s\S]*?<\/svg>/.exec(page) ?? [];
    expect(first).toMatch(/class="line s0" d="M[\d.]+ [\d.]+M[\d.]+ [\d.]+"/);
    expect(page).toContain('class="mark s0 hollow"');
  });

  test('keeps what has no cost off the plots against cost', () => {
    const free = evaluated('free', {
      cost: { ...evaluated('x').cost, us_per_prediction: null, us_per_learned_event: 0 },
    });
    const plots = reportHtml(resultOf([free, evaluated('dear')]), startMs).match(
      /<svg class="plot"[^>]*aria-labelledby="cost-[\s\S]*?<\/svg>/g,
    );
    expect(plots?.length).toBe(4);
    for (const one of plots ?? []) expect(one.match(/class="mark /g)?.length).toBe(1);
    expect(plots?.[0]).toContain('free: HR@20 0.300 at n/a');
  });

  test('is whole where nothing could be tested, and with more models than colours', () => {
    const nothing = evaluated('none', {
      quality: quality(0, null),
      quality_new: quality(0, null),
      intervals: null,
      by_history: [],
      over_time: [],
      cost: { ...evaluated('x').cost, us_per_prediction: null, us_per_learned_event: 0 },
    });
    for (const all of [[nothing], [], Array.from({ length: 11 }, (_, n) => evaluated(`m${n}`))]) {
      const made = reportHtml(resultOf(all, { tests: 0 }), startMs);
      expect(faultOf(made)).toBeNull();
      expect(made).not.toMatch(/NaN|Infinity|undefined/);
    }
    const many = reportHtml(resultOf(Array.from({ length: 9 }, () => evaluated('m'))), startMs);
    expect(many).toContain('line s0 dashed');
  });
});
