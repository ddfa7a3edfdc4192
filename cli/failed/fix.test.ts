import { describe, expect, test } from 'vitest';

import { userEventSchema } from '../../schemas/generated/user-event.ts';
import { conform, refuseStrangers } from './conform.ts';
import { applyFix, type Fields, type Fix, parseFix, type Source } from './fix.ts';

const source: Source = {
  appendedAtMs: 1_000,
  positionId: 'failed-abc',
  key: 'ann',
  header: (name) => (name === 'user' ? 'bob' : null),
};
const fixed = (fields: Fields, fix: Fix) => applyFix(fields, fix, source);

describe('a fix', () => {
  test('renames, drops, multiplies, fills up and sets, in this order, and says so by names', () => {
    const before = { uid: 'ann', kind: 'buy', debug: 1, occurred_at: 1_700_000_000, type: '' };
    expect(
      fixed(before, {
        set: { item_id: 'tea' },
        default: { type: 'view', uid: 'nobody' },
        times: { occurred_at: 1_000 },
        drop: ['debug', 'kind', 'absent'],
        rename: { uid: 'user_id', other: 'x' },
      }),
    ).toEqual({
      fields: {
        user_id: 'ann',
        occurred_at: 1_700_000_000_000,
        type: 'view',
        uid: 'nobody',
        item_id: 'tea',
      },
      changes: [
        'rename uid to user_id',
        'drop debug',
        'drop kind',
        'times occurred_at',
        'default type',
        'default uid',
        'set item_id',
      ],
      idFromPosition: false,
    });
  });

  test('reaches into maps, and __proto__ is a name like any other', () => {
    const before = { attributes: JSON.parse('{"__proto__":"x","user":"ann"}') as Fields };
    const { fields } = fixed(before, {
      rename: { 'attributes.user': 'user_id' },
      drop: ['attributes.__proto__'],
      set: { 'attributes.country': 'uk' },
    });
    expect(fields).toEqual({ user_id: 'ann', attributes: { country: 'uk' } });
    expect(({} as Fields)['country']).toBeUndefined();
  });

  test('leaves what it was given as it was', () => {
    const before = { type: 'a', attributes: { b: 'c' } };
    fixed(before, { set: { 'attributes.b': 'd', type: 'e' }, drop: ['attributes'] });
    expect(before).toEqual({ type: 'a', attributes: { b: 'c' } });
  });

  test('takes what the record itself says', () => {
    const { fields, idFromPosition } = fixed(
      {},
      {
        set: {
          occurred_at: '@appended_at',
          user_id: '@key',
          session_id: '@header:user',
          item_id: '@@tea',
          event_id: '@position',
        },
      },
    );
    expect(fields).toEqual({
      occurred_at: 1_000,
      user_id: 'ann',
      session_id: 'bob',
      item_id: '@tea',
      event_id: 'failed-abc',
    });
    expect(idFromPosition).toBe(true);
    expect(() => fixed({}, { set: { user_id: '@header:none' } })).toThrow(
      'user_id: the record has no header:none',
    );
  });

  test('an id from the position is none where the event has its own', () => {
    const fix: Fix = { default: { event_id: '@position' } };
    expect(fixed({ event_id: 'e1' }, fix)).toMatchObject({ idFromPosition: false });
    expect(fixed({ event_id: '' }, fix)).toMatchObject({ idFromPosition: true });
  });

  test('does not overwrite by a rename, nor multiply words, and tells no value', () => {
    const secret = { uid: 'ann-secret', user_id: 'bob-secret' };
    const failing = [
      () => fixed(secret, { rename: { uid: 'user_id' } }),
      () => fixed(secret, { times: { uid: 2 } }),
    ];
    for (const work of failing) {
      expect(work).toThrow(/^(rename uid: there is|times uid: is no)/);
      expect(work).not.toThrow(/secret/);
    }
  });

  test('that is wrong is refused with all its faults', () => {
    expect(() => parseFix('fix.json', { as: 'xml', set: { user_id: '@who' }, more: 1 })).toThrow(
      /^fix.json is no fix: as: json, schema:ID.*set.user_id: a value that begins with @.*more/s,
    );
    expect(() => parseFix('fix.json', {})).toThrow('changes nothing');
    expect(parseFix('f', { as: 'schema:7', partial: true })).toEqual({
      as: 'schema:7',
      partial: true,
    });
  });
});

describe('fields become a value of the topic', () => {
  test('with defaults, without what the schema does not know, in the types that it has', () => {
    const fields = {
      event_id: 'e1',
      user_id: 17_850,
      item_id: 'tea',
      type: 'view',
      occurred_at: '2023-11-14T22:13:20Z',
      value: '3.5',
      colour: 'red',
    };
    expect(conform(fields, userEventSchema)).toEqual({
      event_id: 'e1',
      user_id: '17850',
      item_id: 'tea',
      type: 'view',
      occurred_at: 1_700_000_000_000,
      context_id: null,
      answer_id: null,
      session_id: null,
      value: 3.5,
      attributes: {},
    });
  });

  test('what has no default must be there', () => {
    expect(() => conform({ event_id: 'e1' }, userEventSchema)).toThrow('user_id: is missing');
  });

  test('a fix of a field that the events have not is refused: it would be left out', () => {
    expect(() =>
      refuseStrangers({ set: { 'attributes.shop': 'a' } }, userEventSchema),
    ).not.toThrow();
    const swap = { user_id: 'held', item_id: 'user_id', held: 'item_id' };
    expect(() => refuseStrangers({ rename: swap }, userEventSchema)).not.toThrow();
    const dropped = { rename: { a: 'shop' }, drop: ['shop'] };
    expect(() => refuseStrangers(dropped, userEventSchema)).not.toThrow();
    const strangers = [
      { set: { shop: 1 } },
      { default: { shop: 1 } },
      { rename: { a: 'shop' } },
      // Given after what would have taken it away.
      { rename: { shop: 'user_id' }, set: { shop: 1 } },
      { drop: ['shop'], set: { shop: 1 } },
      { rename: { shop: 'user_id', item_id: 'shop' } },
    ];
    for (const fix of strangers)
      expect(() => refuseStrangers(fix, userEventSchema)).toThrow(
        /^shop: these events have no such field \(there are event_id, user_id/,
      );
  });
});
