import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalJson } from './canonical.ts';
import { Catalogue } from './catalogue.ts';
import {
  type ContextDefinition,
  contextVersion,
  type KindCatalogue,
  modelVersion,
  type Parsed,
  parseContext,
  parseModel,
  resolveContext,
} from './definitions.ts';
import { faultsOfRules } from './rules.ts';

const kinds: KindCatalogue = new Map([
  [
    'counting',
    {
      kind: 'counting',
      revision: 1,
      source: 'a test',
      learningSchema: z.strictObject({ halfLifeDays: z.number().positive().default(30) }),
      retrievalSchema: z.strictObject({ depth: z.number().int().max(500).default(100) }),
      userSide: { channel: 1, signals: () => [] },
      itemSide: () => {
        throw new Error('not asked for here');
      },
      weights: null,
      retrieval: () => ({
        shared: true,
        sources: [{ kind: 'counting', learning: {}, headBytes: 0, rankings: true }],
        rank: () => [],
      }),
    },
  ],
]);

const good = <T>(parsed: Parsed<T>): T => {
  if (!parsed.ok) throw new Error(parsed.faults.join('\n'));
  return parsed.value;
};
const faults = (parsed: Parsed<unknown>): readonly string[] => (parsed.ok ? [] : parsed.faults);

const contextText = (change: object = {}): string =>
  JSON.stringify({
    context: 'home-feed',
    size: 10,
    ladder: [{ step: 'personal', model: 'counts' }],
    ...change,
  });

describe('a model', () => {
  test('is filled with the defaults of its kind, so that its version says what it does', () => {
    const model = good(parseModel('{"model":"counts","kind":"counting"}', kinds));
    expect(model.learning).toEqual({ halfLifeDays: 30 });
    expect(model.retrieval).toEqual({ depth: 100 });
    const said = '{"model":"counts","kind":"counting","learning":{"halfLifeDays":30}}';
    expect(modelVersion(good(parseModel(said, kinds))).version).toBe(modelVersion(model).version);
  });

  test('has all its faults listed at once', () => {
    const text =
      '{"model":"counts","kind":"counting","learning":{"halfLifeDays":-1},"retrieval":{"depth":9999,"more":1}}';
    const found = faults(parseModel(text, kinds));
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^learning\.halfLifeDays: /);
  });

  test('of an unknown kind is refused, and the kinds there are are named', () => {
    expect(faults(parseModel('{"model":"m","kind":"other"}', kinds))).toEqual([
      "kind: there is no kind 'other' (there are counting)",
    ]);
  });

  test('that is not JSON is refused', () => {
    expect(faults(parseModel('{', kinds))[0]).toMatch(/^is not JSON/);
  });

  test('of nothing but brackets is refused, however deep: the stack is no limit to meet', () => {
    for (const depth of [40, 5_000, 100_000]) {
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const text = `{"model":"m","kind":"counting","learning":{"halfLifeDays":${deep}}}`;
      expect(faults(parseModel(text, kinds))).toEqual([expect.stringMatching(/32 deep: make/)]);
    }
  });
});

describe('a version', () => {
  test('does not depend on the order of names', () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: 'x' }] })).toBe(
      '{"a":[{"c":"x","d":null}],"b":1}',
    );
  });

  test('changes with the content', () => {
    const ten = contextVersion(good(parseContext(contextText())));
    const nine = contextVersion(good(parseContext(contextText({ size: 9 }))));
    expect(ten.version).toMatch(/^home-feed@[0-9a-f]{12}$/);
    expect(nine.version).not.toBe(ten.version);
  });
});

describe('a context', () => {
  test('always applies the exclude list of a request', () => {
    const { rules } = good(parseContext(contextText({ rules: [{ rule: 'available' }] })));
    expect(rules).toEqual([{ rule: 'available' }, { rule: 'exclude' }]);
  });

  test('has all its faults listed at once', () => {
    const found = faults(
      parseContext(
        contextText({
          size: 5,
          atLeast: 6,
          ladder: [
            { step: 'a', model: 'counts' },
            { step: 'a', model: 'counts' },
          ],
        }),
      ),
    );
    expect(found).toEqual([
      'atLeast: cannot be more than size (5)',
      "ladder.1: 'a' is there twice",
    ]);
    expect(faults(parseContext('{"context":"Home Feed","size":0,"ladder":[]}'))).toHaveLength(3);
    expect(faults(parseContext('{"context":"home","size":"ten","sise":5}'))).toEqual([
      'size: must be number, not string',
      'ladder: is missing',
      'sise: there is no such field (there are context, size, atLeast, rules, ladder, pages, expectations)',
    ]);
  });

  test('names exact model versions once resolved', () => {
    const context = good(parseContext(contextText()));
    const resolved = resolveContext(
      context,
      new Map([['counts', 'counts@0123456789ab']]),
      new Set(['counts@0123456789ab']),
    );
    expect(good(resolved).ladder[0]?.model).toBe('counts@0123456789ab');
    expect(faults(resolveContext(context, new Map(), new Set()))).toEqual([
      "ladder.0.model: there is no model 'counts': put its file into the folder",
    ]);
  });

  test('cannot ask for more of seen-items than it keeps', () => {
    const { rules } = good(
      parseContext(contextText({ rules: [{ rule: 'not-seen', kinds: ['buy'], withinDays: 800 }] })),
    );
    expect(faultsOfRules(rules, { daysMax: 730, kinds: ['view', 'purchase'] })).toEqual([
      "rules.0.kinds: no event type 'buy' is configured (there are view, purchase; FRESHET_EVENT_TYPES adds to them)",
      'rules.0.withinDays: 800 days are asked for, but 730 are kept: ask for fewer, or start control, and all services that keep less, with a larger FRESHET_SEEN_AGE_DAYS',
    ]);
  });
});

describe('the catalogue', () => {
  const record = (context: ContextDefinition, revision: number) => ({
    ...contextVersion(context),
    revision,
  });
  const ten = good(parseContext(contextText()));
  const nine = good(parseContext(contextText({ size: 9 })));

  test('keeps the highest revision, whatever the order of the records', () => {
    const catalogue = new Catalogue(kinds);
    expect(catalogue.takeContext('home-feed', record(ten, 2)).kind).toBe('changed');
    expect(catalogue.takeContext('home-feed', record(nine, 1)).kind).toBe('outdated');
    expect(catalogue.contexts.get('home-feed')?.definition.size).toBe(10);
  });

  test('goes on with what it knows when a newer definition cannot be used', () => {
    const catalogue = new Catalogue(kinds);
    catalogue.takeContext('home-feed', record(ten, 1));
    const taken = catalogue.takeContext('home-feed', { ...record(ten, 2), content: '{"x":1}' });
    expect(taken.kind).toBe('unusable');
    expect(catalogue.contexts.get('home-feed')?.revision).toBe(1);
  });

  test('knows which models are in use', () => {
    const catalogue = new Catalogue(kinds);
    const used = modelVersion(good(parseModel('{"model":"counts","kind":"counting"}', kinds)));
    const other = modelVersion(good(parseModel('{"model":"other","kind":"counting"}', kinds)));
    catalogue.takeModel(used.version, { ...used, revision: 1 });
    catalogue.takeModel(other.version, { ...other, revision: 1 });
    const pinned = { ...ten, ladder: [{ ...ten.ladder[0]!, model: used.version }] };
    catalogue.takeContext('home-feed', record(pinned, 1));
    expect([...catalogue.modelsInUse().keys()]).toEqual([used.version]);
  });

  test('forgets what was withdrawn', () => {
    const catalogue = new Catalogue(kinds);
    catalogue.takeContext('home-feed', record(ten, 1));
    expect(catalogue.takeContext('home-feed', null).kind).toBe('changed');
    expect(catalogue.contexts.size).toBe(0);
  });
});
