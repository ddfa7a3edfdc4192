import { Command } from 'commander';
import { expect, test } from 'vitest';

import { parseFix } from './fix.ts';
import {
  type FixFlags,
  fixGiven,
  isSaid,
  type SelectionFlags,
  withFix,
  withSelection,
} from './flags.ts';

const parsed = (...args: string[]): FixFlags & SelectionFlags => {
  const command = withFix(withSelection(new Command('fix')))
    .exitOverride()
    .configureOutput({
      writeErr: () => undefined,
    });
  command.parse(args, { from: 'user' });
  return command.opts();
};

test('flags say the same as a file', () => {
  const words =
    '--as json --partial --rename uid=user_id --rename kind=type --drop a --drop b ' +
    '--times occurred_at=1000 --default event_id=@position --set value=null --set item_id=a=b';
  const flags = parsed(...words.split(' '));
  const given = fixGiven(flags);
  expect(given).toEqual({
    as: 'json',
    partial: true,
    rename: { uid: 'user_id', kind: 'type' },
    drop: ['a', 'b'],
    times: { occurred_at: 1_000 },
    default: { event_id: '@position' },
    set: { value: null, item_id: 'a=b' },
  });
  expect(parseFix('flags', given)).toEqual(given);
  expect(fixGiven(parsed('--reason', 'ancient'))).toBeNull();
});

test('what is meant may be said by any flag, and a time in two ways', () => {
  expect(isSaid([], parsed())).toBe(false);
  expect(isSaid(['ingest/t/0/1'], parsed())).toBe(true);
  expect(isSaid([], parsed('--since', '2h'))).toBe(true);
  expect(parsed('--since', '2026-11-24T04:00:00Z').since).toBe(Date.UTC(2026, 10, 24, 4));
  for (const wrong of [
    ['--since', 'yesterday'],
    ['--since', '2026-11-24'],
    ['--set', 'type'],
  ])
    expect(() => parsed(...wrong)).toThrow(/must be/);
});

test('a factor that is no number is refused', () => {
  expect(() => parseFix('flags', fixGiven(parsed('--times', 'occurred_at=x')))).toThrow(
    /^flags is no fix: times.occurred_at/,
  );
});
