import { describe, expect, test } from 'vitest';

import { experimentVersion } from '../../experiments/definition.ts';
import { expectRefused } from '../../test/support/refused-command.ts';
import { context, model, Plane } from './fakes.ts';
import { applyChanges, contextOf, publication } from './state.ts';

describe('the end of an experiment', () => {
  test('a decision waits for the stop, and names a variant or none', () => {
    const plane = Plane.ready();
    plane.create('test');
    expectRefused(plane, () => plane.decide('test'), /is draft: only a stopped one is decided/);
    plane.start('test');
    expectRefused(plane, () => plane.decide('test'), /stop it before it is decided/);
    plane.stop('test');
    expectRefused(plane, () => plane.decide('test', { winner: 'z' }), /no variant 'z'/);
    const none = { winner: null, promote: true };
    expectRefused(plane, () => plane.decide('test', none), /no winner to promote/);
    plane.create('second');
    plane.start('second');
    expectRefused(plane, () => plane.decide('test', { promote: true }), /'second' runs on 'home'/);
    expect(plane.decide('test', { winner: null }).accepted).toBe(true);
    expectRefused(plane, () => plane.decide('test'), /is decided: only a stopped one/);
  });

  test('a promotion does not take back what its context was changed to since', () => {
    const plane = Plane.ready();
    for (const name of ['first', 'second']) {
      plane.create(name, { traffic: 0.5 });
      plane.start(name);
    }
    plane.stop('first');
    plane.stop('second');
    expect(plane.decide('first', { promote: true }).accepted).toBe(true);
    const before = contextOf(plane.state, 'home');
    const late = { winner: 'a', promote: true };
    expectRefused(
      plane,
      () => plane.decide('second', late),
      /^'a' of experiment 'second' cannot be promoted: 'home' has changed since 'second' started, so decide without promotion, or run a new experiment/,
    );
    expect(plane.decide('second', { winner: 'a' }).accepted).toBe(true);
    expect(contextOf(plane.state, 'home')).toEqual(before);
  });

  test('a variant that was stopped alone may be named as the winner, and is not promoted', () => {
    const plane = Plane.ready();
    plane.create('test');
    plane.start('test');
    plane.stop('test', { variant: 'b', confirmedBy: 'guardrail' });
    expectRefused(
      plane,
      () => plane.decide('test', { promote: true }),
      /^'b' of experiment 'test' cannot be promoted: it was stopped \(seen enough\), so decide without promotion, or run a new experiment with it$/,
    );
    expect(plane.decide('test').accepted).toBe(true);
  });

  test('a record of before, without the version that it started with, is promoted', () => {
    const plane = Plane.ready();
    plane.create('test');
    plane.start('test');
    plane.stop('test');
    const version = experimentVersion({ ...plane.recordOf('test'), contextVersion: null });
    applyChanges(plane.state, [publication(plane.state, 'experiments', { key: 'test', version })]);
    plane.apply(model('old'), context('home', ['old'], { size: 5 }));
    expect(plane.decide('test', { promote: true }).accepted).toBe(true);
  });

  test('of an A/A test has no winner: its variants are one model', () => {
    const plane = Plane.ready();
    const variants = ['a', 'b'].map((variant) => ({ variant, model: 'old', weight: 0.5 }));
    plane.create('same', { variants, mode: 'aa' });
    plane.start('same');
    plane.stop('same');
    for (const promote of [true, false])
      expectRefused(plane, () => plane.decide('same', { promote }), /decide it without a winner/);
    expect(plane.decide('same', { winner: null }).accepted).toBe(true);
  });

  test('is one line of the history, whatever is said about it', () => {
    const plane = Plane.ready();
    plane.create('test');
    plane.start('test');
    const why = 'good\n2026-11-30T18:00:00.000Z  ceo: experiment.decide accepted';
    expectRefused(plane, () => plane.stop('test', { why }), /why: must be one line/);
    plane.stop('test');
    for (const sentence of [why, 'a \u001B[31mred', 'a\u0085b'])
      expectRefused(plane, () => plane.decide('test', { sentence }), /sentence: must be one line/);
    expectRefused(plane, () => plane.decide('test', { sentence: ' ' }), /must not be empty/);
  });
});
