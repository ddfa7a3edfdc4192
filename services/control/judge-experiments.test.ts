import { describe, expect, test } from 'vitest';

import { expectRefused } from '../../test/support/refused-command.ts';
import { context, keysOf, model, Plane } from './fakes.ts';
import { contextOf } from './state.ts';

describe('experiments', () => {
  test('go from draft to running, stopped and decided, and the winner is promoted', () => {
    const plane = Plane.ready();
    expect(keysOf(plane.create('test'))).toEqual(['experiments test 1']);
    expect(plane.recordOf('test').definition).toMatchObject({
      step: 'with-old',
      variants: [{ model: plane.versionOf('old') }, { model: plane.versionOf('new') }],
    });
    expect(plane.start('test').sentence).toBe(
      "experiment 'test' runs on 'home' with 100 % of the users of layer 'default'",
    );
    const running = plane.recordOf('test');
    expect(running).toMatchObject({
      state: 'running',
      ranges: [[0, 10_000]],
      startedAtMs: plane.atMs,
    });
    expect(running.salt).toMatch(/^test@[0-9a-f]{12}$/);
    expect(running.contextVersion).toBe(plane.state.contexts.live.get('home')?.version);
    plane.stop('test');
    expect(plane.recordOf('test')).toMatchObject({ state: 'stopped', salt: running.salt });
    expect(keysOf(plane.decide('test', { promote: true }))).toEqual([
      'experiments test 4',
      'contexts home 2',
    ]);
    expect(contextOf(plane.state, 'home')?.ladder[0]?.model).toBe(plane.versionOf('new'));
    expect(plane.recordOf('test').decision).toEqual({
      winner: 'b',
      sentence: 'b sold 3 % more',
      promoted: plane.state.contexts.live.get('home')?.version,
    });
  });

  test.each<[string, object, RegExp]>([
    [
      'weights',
      {
        variants: [
          { variant: 'a', model: 'old', weight: 0.5 },
          { variant: 'b', model: 'new', weight: 0.4 },
        ],
      },
      /add up to 0.9, and must to 1/,
    ],
    [
      'a version that does not exist',
      {
        variants: [
          { variant: 'a', model: 'old', weight: 0.5 },
          { variant: 'b', model: 'nw', weight: 0.5 },
        ],
      },
      /variants.1.model: there is no model 'nw'/,
    ],
    [
      'the same version twice',
      {
        variants: [
          { variant: 'a', model: 'old', weight: 0.5 },
          { variant: 'b', model: 'old', weight: 0.5 },
        ],
      },
      /two have the same model/,
    ],
    [
      'an end before the start',
      { startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' },
      /endsAt: is not after startsAt/,
    ],
    [
      'a context that does not exist',
      { context: 'nowhere' },
      /no context 'nowhere' \(there are 'home'\)/,
    ],
    ['a step that does not exist', { step: 'second' }, /'home' has no step 'second'/],
    ['an event type that does not exist', { outcome: { kinds: ['buy'] } }, /no event type 'buy'/],
    [
      'a kind of outcome twice',
      { outcome: { kinds: ['purchase', 'view', 'purchase'] } },
      /outcome\.kinds\.2: 'purchase' is there twice/,
    ],
    [
      'a variant twice',
      {
        variants: [
          { variant: 'a', model: 'old', weight: 0.5 },
          { variant: 'a', model: 'new', weight: 0.5 },
        ],
      },
      /'a' is there twice/,
    ],
  ])('%s: refused', (_, more, why) => {
    const plane = Plane.ready();
    expectRefused(plane, () => plane.create('test', more), why);
  });

  test('one name that stands for two versions is no A/A test in disguise', () => {
    const plane = Plane.ready();
    const variants = [
      { variant: 'a', model: 'old', weight: 0.5 },
      { variant: 'b', model: plane.versionOf('old'), weight: 0.5 },
    ];
    expectRefused(plane, () => plane.create('test', { variants }), /two have the same model/);
    expect(plane.create('test', { variants, mode: 'aa' }).accepted).toBe(false);
    const same = variants.map((one) => ({ ...one, model: 'old' }));
    expect(plane.create('test', { variants: same, mode: 'aa' }).accepted).toBe(true);
  });

  test('a model of a kind that this release does not know is refused', () => {
    const plane = Plane.ready();
    const version = 'odd@0123456789ab';
    const content = '{"model":"odd","kind":"of-tomorrow"}';
    plane.state.models.live.set(version, { name: 'odd', version, revision: 1, content });
    const variants = [
      { variant: 'a', model: 'old', weight: 0.5 },
      { variant: 'b', model: 'odd', weight: 0.5 },
    ];
    expectRefused(plane, () => plane.create('test', { variants }), /cannot be used here .*no kind/);
  });

  test('a draft is replaced, a running one is not changed, and its file may stay', () => {
    const plane = Plane.ready();
    plane.create('test');
    expect(plane.create('test').changes).toEqual([]);
    expect(keysOf(plane.create('test', { traffic: 0.5 }))).toEqual(['experiments test 2']);
    plane.start('test');
    // The name now stands for another version too: the experiment keeps the one that it began with.
    plane.apply(model('new', 70));
    expect(plane.create('test', { traffic: 0.5 })).toMatchObject({ accepted: true, changes: [] });
    expectRefused(
      plane,
      () => plane.create('test'),
      /'test' runs and cannot change: create one under/,
    );
    expectRefused(plane, () => plane.start('test'), /is running and starts only once/);
    const remove = () => plane.do('experiment.delete', { experiment: 'test' });
    expectRefused(plane, remove, /only drafts are deleted/);
  });

  test('while one runs its context stays as it is, whoever asks', () => {
    const plane = Plane.ready();
    plane.create('test');
    plane.start('test');
    const files = [model('old'), context('home', ['old'], { size: 5 })];
    const why = /context 'home' cannot change while experiment 'test' runs on it: stop it first/;
    expectRefused(plane, () => plane.apply(...files), why);
    const limits = { expectations: { predictedShareMin: 0.1 } };
    expectRefused(plane, () => plane.apply(model('old'), context('home', ['old'], limits)), why);
    // The context names the model by name: another version of it is another context.
    expectRefused(plane, () => plane.apply(model('old', 51), context('home', ['old'])), why);
    expectRefused(plane, () => plane.do('context.retire', { context: 'home' }), why);
    expect(plane.apply(model('old'), context('home', ['old'])).accepted).toBe(true);
    expect(plane.apply(model('old'), context('other', ['old'])).accepted).toBe(true);
    plane.stop('test');
    expect(plane.apply(...files).accepted).toBe(true);
  });

  test('those of one context share a layer, its buckets and its holdout', () => {
    const plane = Plane.ready();
    const create = (name: string, more: object) => plane.create(name, { holdout: 0.1, ...more });
    create('one', { traffic: 0.3 });
    create('two', { traffic: 0.4 });
    create('three', { traffic: 0.5 });
    create('other-layer', { traffic: 0.1, layer: 'prices' });
    create('other-holdout', { traffic: 0.1, holdout: 0.2 });
    const all = { traffic: 0.8, holdout: 0.3 };
    expectRefused(plane, () => create('all', all), /80 % .* a holdout of 30 % are more than all/);
    plane.start('one');
    plane.start('two');
    expect(plane.recordOf('two').ranges).toEqual([[3_000, 7_000]]);
    expectRefused(
      plane,
      () => plane.start('three'),
      /50 % of layer 'default' and 20 % are free beside its holdout of 10 %, so ask for less traffic, or stop 'one', 'two'$/,
    );
    expectRefused(
      plane,
      () => plane.start('other-layer'),
      /in two at once, because 'one' runs there/,
    );
    expectRefused(plane, () => plane.start('other-holdout'), /with a holdout of 0.1/);
    plane.stop('one');
    expect(plane.start('three').accepted).toBe(true);
    expect(plane.recordOf('three').ranges).toEqual([
      [0, 3_000],
      [7_000, 9_000],
    ]);
  });

  test('a start after its end, or of what is not there any more, is refused', () => {
    const plane = Plane.ready();
    plane.create('late', { endsAt: '2020-01-01T00:00:00Z' });
    expectRefused(plane, () => plane.start('late'), /its endsAt .* has passed/);
    plane.create('test');
    plane.do('context.retire', { context: 'home' });
    expectRefused(plane, () => plane.start('test'), /no context 'home' any more/);
    plane.apply(model('new', 60), context('home', ['new']));
    expectRefused(plane, () => plane.start('test'), /'home' has no step 'with-old' any more/);
    expectRefused(
      plane,
      () => plane.start('tset'),
      /no experiment 'tset': name another one \(there are 'late', 'test'\)/,
    );
  });

  test('a variant is stopped alone as long as there is something left to compare', () => {
    const plane = Plane.ready();
    plane.apply(model('third', 70));
    const variants = ['old', 'new', 'third'].map((one, at) => ({
      variant: 'abc'[at],
      model: one,
      weight: [0.5, 0.25, 0.25][at],
    }));
    plane.create('test', { variants });
    expectRefused(plane, () => plane.stop('test'), /is draft: there is nothing to stop/);
    plane.start('test');
    expectRefused(plane, () => plane.stop('test', { variant: 'd' }), /name one of 'a', 'b', 'c'/);
    expect(plane.stop('test', { variant: 'b', confirmedBy: 'guardrail' }).sentence).toBe(
      "variant 'b' of experiment 'test' is stopped by its guardrail: seen enough",
    );
    expectRefused(plane, () => plane.stop('test', { variant: 'b' }), /stopped already/);
    expect(plane.recordOf('test').state).toBe('running');
    expect(plane.stop('test', { variant: 'c' }).sentence).toMatch(/nothing is left to compare/);
    expect(plane.recordOf('test')).toMatchObject({
      state: 'stopped',
      stops: [{ variant: 'b' }, { variant: 'c' }, { variant: null }],
    });
  });
});
