import { describe, expect, test } from 'vitest';

import { expectRefused } from '../../test/support/refused-command.ts';
import { context, experiment, keysOf, model, Plane } from './fakes.ts';
import { contentBytesMax, limits } from './judge-definitions.ts';

describe('definitions', () => {
  test('what names something is published after it, and again only when it changed', () => {
    const plane = new Plane();
    const files = [
      JSON.stringify(experiment('test')),
      context('home', ['old']),
      model('old'),
      model('new', 60),
    ];
    expect(keysOf(plane.apply(...files))).toEqual([
      'models old 1',
      'models new 1',
      'experiments test 1',
      'contexts home 1',
    ]);
    const again = plane.apply(...files);
    expect([again.accepted, again.changes, again.sentence]).toEqual([
      true,
      [],
      'all 4 definitions were there already',
    ]);
    const smaller = context('home', ['old'], { size: 5 });
    expect(keysOf(plane.apply(model('old'), smaller))).toEqual(['contexts home 2']);
  });

  test('a dry run says what it would publish, and does not', () => {
    const plane = new Plane();
    const body = { definitions: [model('old')], dryRun: true };
    const outcome = plane.do('apply', body);
    expect([outcome.accepted, outcome.changes]).toEqual([true, []]);
    expect(outcome.details['would']).toMatchObject([{ topic: 'models', name: 'old', revision: 1 }]);
    expect(plane.state.models.live.size).toBe(0);
  });

  test('all or nothing: one bad definition keeps all others out, and every fault is told', () => {
    const plane = Plane.ready();
    const outcome = plane.do('apply', {
      definitions: [model('third'), { name: 'bad.json', text: '{"context":"x"}' }, 'no json'],
    });
    expect(outcome.accepted).toBe(false);
    expect(outcome.sentence).toMatch(/^nothing was changed: there are \d+ faults/);
    expect(outcome.details['faults']).toEqual(
      expect.arrayContaining([
        'bad.json: size: is missing',
        expect.stringMatching(/definitions\.2/),
      ]),
    );
    expect(plane.state.models.live.size).toBe(2);
  });

  test('a withdrawn key comes again with a later revision', () => {
    const plane = Plane.ready();
    expect(keysOf(plane.do('context.retire', { context: 'home' }))).toEqual([
      'contexts home 2 gone',
    ]);
    expect(keysOf(plane.apply(model('old'), context('home', ['old'])))).toEqual([
      'contexts home 3',
    ]);
    expectRefused(
      plane,
      () => plane.do('context.retire', { context: 'none' }),
      /no context 'none'/,
    );
  });

  test('a version in use is not deleted, whoever uses it', () => {
    const plane = Plane.ready();
    const remove = (name: string) => plane.do('model.delete', { version: plane.versionOf(name) });
    expectRefused(plane, () => remove('old'), /in use by context 'home': apply each with another/);
    plane.create('test');
    expectRefused(plane, () => remove('new'), /in use by experiment 'test' \(draft\)/);
    plane.do('experiment.delete', { experiment: 'test' });
    expect(keysOf(remove('new'))).toEqual(['models new 2 gone']);
    expectRefused(
      plane,
      () => plane.do('model.delete', { version: 'new@0123456789ab' }),
      /no model/,
    );
    expectRefused(plane, () => plane.do('model.delete', { version: 'new' }), /exact version/);
  });

  test('an unknown command, a body of another form and one of 10 MB are refused', () => {
    const plane = Plane.ready();
    expectRefused(plane, () => plane.do('aply', {}), /no command 'aply' \(there are apply/);
    expectRefused(plane, () => plane.do('apply', 'x'), /is not JSON/);
    expectRefused(
      plane,
      () => plane.do('apply', { definition: [] }),
      /definitions: is missing|no such field/,
    );
    const large = JSON.stringify({ definitions: ['x'.repeat(10 * 1024 * 1024)] });
    expectRefused(plane, () => plane.do('apply', large), /has 10\d+ bytes and at most 524288/);
  });

  test('what is nested thousands deep is refused, as a body and as a text in it', () => {
    const plane = Plane.ready();
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expectRefused(plane, () => plane.do('apply', `{"definitions":${deep}}`), /32 deep/);
    expectRefused(plane, () => plane.do('experiment.create', `{"definition":${deep}}`), /32 deep/);
    for (const field of ['model', 'context', 'experiment'])
      expectRefused(
        plane,
        () => plane.do('apply', { definitions: [`{"${field}":"x","kind":${deep}}`] }),
        /32 deep/,
      );
  });

  test('drafts are created up to a limit, of one by one as of many, and what was decided leaves room', () => {
    const plane = Plane.ready();
    const { live } = plane.state.experiments;
    const many = Array.from({ length: limits.experiments }, (_, n) => experiment(`e${n}`));
    plane.apply(...many.map((one) => JSON.stringify(one)));
    expect(live.size).toBe(limits.experiments);
    const full =
      /^nothing was changed: there would be 1001 experiments that are not decided and at most 1000 are kept, so delete drafts or decide what is stopped first$/;
    expectRefused(plane, () => plane.create('more'), full);
    expectRefused(plane, () => plane.apply(JSON.stringify(experiment('more'))), full);
    expect(plane.create('e1', { traffic: 0.5 }).accepted).toBe(true);
    expect(plane.apply(model('old'), context('second', ['old'])).accepted).toBe(true);
    plane.start('e0');
    plane.stop('e0');
    expectRefused(plane, () => plane.create('more'), full);
    plane.decide('e0', { winner: null });
    expect(plane.create('more').accepted).toBe(true);
    expect(live.has('e0')).toBe(true);
  });

  test('a draft past what is kept of content is refused, and nothing else is blocked by it', () => {
    const plane = Plane.ready();
    const version = 'large@0123456789ab';
    const definitions = [
      ...plane.state.models.live.values(),
      ...plane.state.contexts.live.values(),
    ];
    const there = definitions.reduce((sum, one) => sum + one.content.length, 0);
    const content = 'x'.repeat(contentBytesMax - there - 300);
    plane.state.models.live.set(version, { name: 'large', version, revision: 1, content });
    expectRefused(plane, () => plane.create('test'), /all definitions together would have \d+/);
    expect(plane.apply(model('old', 51)).accepted).toBe(true);
  });
});
