import { describe, expect, test } from 'vitest';

import { parseContext } from './definitions.ts';
import { faultsOfRules, itemAttributesOf, rulesSchema } from './rules.ts';

const faults = (...rules: readonly unknown[]): readonly string[] => {
  const parsed = parseContext(
    JSON.stringify({ context: 'home', size: 4, ladder: [{ step: 'a', model: 'm' }], rules }),
  );
  return parsed.ok ? [] : parsed.faults;
};

describe('the set of rules', () => {
  test.each(['boost', 'score', 'rank', 'lookup', 'Available'])(
    "is closed: '%s' is refused with the reason",
    (rule) => {
      const [fault, ...more] = faults({ rule, by: 2 });
      expect(more).toEqual([]);
      expect(fault).toContain(`rules.0.rule: there is no rule '${rule}' (there are not-seen, `);
      expect(fault).toContain('what ranks, scores or looks up belongs in a model');
    },
  );

  test('takes no fields beside its own', () => {
    expect(faults({ rule: 'available', score: 2 })).toEqual([
      'rules.0.score: there is no such field',
    ]);
    const attribute = { rule: 'attribute', attribute: 'brand' };
    expect(faults({ ...attribute, require: { oneOf: ['a'], lookup: 'x' } })).toEqual([
      'rules.0.require.lookup: there is no such field',
    ]);
    expect(faults({ ...attribute, require: { lookup: 'x' } })).toEqual([
      "rules.0.require: must be one of {oneOf: [...]}, {profile: 'name'} and {request: 'name'}",
    ]);
  });

  test('has what is published within what can be read again', () => {
    const available = Array.from({ length: 15 }, () => ({ rule: 'available' }));
    const published = rulesSchema.parse(available);
    expect(published).toHaveLength(16);
    expect(rulesSchema.parse(published)).toEqual(published);
    expect(faults(...available, { rule: 'available' })).toEqual([
      "rules: must be at most 15: 'exclude' is always added",
    ]);
  });
});

describe('a rule', () => {
  test('on an attribute says either what it requires or what it forbids', () => {
    const compared = { request: 'country' };
    const of = { rule: 'attribute', attribute: 'country' };
    expect(faults({ ...of, require: compared })).toEqual([]);
    expect(faults({ ...of, forbid: compared, missing: 'remove' })).toEqual([]);
    const either = ["rules.0: must say either 'require' or 'forbid'"];
    expect([faults(of), faults({ ...of, forbid: compared, require: compared })]).toEqual([
      either,
      either,
    ]);
  });

  test('on the whole answer is per category or per attribute', () => {
    expect(faults({ rule: 'at-most', items: 2, per: 'category' })).toEqual([]);
    expect(faults({ rule: 'at-most', items: 2, per: { attribute: 'brand' } })).toEqual([]);
    expect(faults({ rule: 'at-most', items: 2, per: 'brand' })).toEqual([
      "rules.0.per: must be 'category' or {attribute: 'name'}",
    ]);
  });

  test('names the attributes of items that have to be known', () => {
    const rules = rulesSchema.parse([
      { rule: 'attribute', attribute: 'category', forbid: { oneOf: ['a'] } },
      { rule: 'attribute', attribute: 'brand', forbid: { oneOf: ['a'] } },
      { rule: 'not-own', attribute: 'seller' },
      { rule: 'at-most', items: 1, per: 'category' },
      { rule: 'at-most', items: 1, per: { attribute: 'brand' } },
    ]);
    expect(itemAttributesOf(rules)).toEqual(['brand', 'seller']);
  });

  test('cannot ask for more than is kept', () => {
    const rules = rulesSchema.parse([
      { rule: 'not-served', answers: 6 },
      { rule: 'attribute', attribute: 'country', require: { profile: 'country' } },
      { rule: 'attribute', attribute: 'age', forbid: { profile: 'age' } },
    ]);
    const limits = { daysMax: 400, kinds: ['view'], servedAnswersMax: 5 };
    expect(faultsOfRules(rules, { ...limits, profileAttributes: ['country'] })).toEqual([
      'rules.0.answers: 6 answers are asked for, but 5 are kept: ask for fewer, or start control, and all services that keep less, with a larger FRESHET_SERVED_ANSWERS_MAX',
      "rules.2.forbid.profile: no attribute 'age' is kept (country): start control and all services with it in FRESHET_PROFILE_ATTRIBUTES",
    ]);
    expect(faultsOfRules(rules.slice(1, 2), limits)).toEqual([
      "rules.0.require.profile: no attribute 'country' is kept (there are none): start control and all services with it in FRESHET_PROFILE_ATTRIBUTES",
    ]);
  });
});
