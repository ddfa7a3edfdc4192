import { describe, expect, test } from 'vitest';

import type { ExperimentRecord } from '../../experiments/definition.ts';
import { listText, showText } from './as-text.ts';
import { experimentJson } from './as-json.ts';
import { type Assessed, assess } from './assessed.ts';
import { dayMs, type MadeUp, madeUp, startMs } from './fixtures.ts';
import { experimentHtml } from './report/page.ts';
import { headline, missingTexts, whatIsSaid } from './words.ts';

const bounds = { startsAt: '2023-11-10T00:00:00Z', endsAt: '2023-12-04T12:00:00+02:00' };
const endsAtMs = Date.parse(bounds.endsAt);
const alike: MadeUp = { users: 5_000, means: [0.4, 0.402] };

interface At extends MadeUp {
  readonly nowMs: number;
  readonly state?: ExperimentRecord['state'];
}

const at = ({ nowMs, state = 'running', ...figures }: At): Assessed => {
  const read = madeUp({ ...alike, ...figures, nowMs });
  const definition = { ...read.record.definition, ...bounds };
  const stoppedAtMs = state === 'running' ? null : endsAtMs;
  return assess({ ...read, record: { ...read.record, definition, state, stoppedAtMs } });
};
const textsOf = (assessed: Assessed): string =>
  [headline(assessed), ...missingTexts(assessed)].join('\n');

test('while users come, says how many are missing', () => {
  const open = at({ nowMs: endsAtMs - 1 });
  expect(headline(open)).toMatch(
    /No difference found yet .* needs about \d+ users more, \d+ days\.$/,
  );
  expect(missingTexts(open)).toEqual([
    expect.stringMatching(/users more, or \d+ days as they come/),
  ]);
});

describe('where the end has passed and it was not stopped', () => {
  const ended = at({ nowMs: endsAtMs });

  test('waits for nobody, and says to stop and decide it', () => {
    expect(textsOf(ended)).not.toMatch(/users more|days|yet/);
    expect(headline(ended)).toMatch(
      /\. It ended at 2023-12-04 10:00 UTC: stop it, then decide it with --winner or --no-winner\. The 24 hours of/,
    );
    expect(missingTexts(ended)).toEqual([
      "It ended at 2023-12-04 10:00 UTC: nobody else takes part, and 'home-feed' cannot change until it is stopped.",
      expect.stringMatching(/^The 24 hours of/),
      'npx freshet experiment stop nearer-or-newer --why TEXT, then npx freshet experiment decide nearer-or-newer --no-winner --why TEXT (or --winner NAME --force)',
    ]);
    expect(experimentJson(ended)).toMatchObject({ missing_users: null, missing_days: null });
  });

  test('says until when users count, as long as their time is not over', () => {
    expect(textsOf(ended)).toContain(
      'The 24 hours of 1\u202f000 users are not over: they count until about 2023-12-05 22:13 UTC, so decide after that.',
    );
    expect(textsOf(at({ nowMs: startMs + 21 * dayMs }))).not.toContain('are not over');
  });

  test('says that nothing can be said, not that it is too early', () => {
    expect(headline(at({ nowMs: endsAtMs, users: 60, points: 3 }))).toMatch(
      /^Nothing can be said: 'same' has 60 users .* It ended at 2023-12-04 10:00 UTC: stop it/,
    );
    const nobody = at({ nowMs: endsAtMs, users: 0 });
    expect(missingTexts(nobody).at(-1)).toContain('--no-winner');
  });

  test('what was found needs no way out beside the one it has', () => {
    const found = at({ nowMs: endsAtMs, users: 20_000, means: [0.4, 0.46] });
    expect(headline(found)).toBe(found.verdict.sentence);
    expect(missingTexts(found)).toEqual([expect.stringContaining('--winner newer')]);
  });
});

test('a stopped one says to decide it, and waits for nobody', () => {
  const stopped = at({ nowMs: startMs + 30 * dayMs, state: 'stopped' });
  expect(textsOf(stopped)).not.toMatch(/users more|days|yet/);
  expect(headline(stopped)).toMatch(/\. It is stopped: decide it with --winner or --no-winner\.$/);
  expect(missingTexts(stopped)).toEqual([
    'It is stopped: nobody else takes part, and those who did are counted.',
    'npx freshet experiment decide nearer-or-newer --no-winner --why TEXT (or --winner NAME --force)',
  ]);
  expect(whatIsSaid(stopped)).toBe(stopped.verdict.sentence);
});

test('before its begin it says when that is, and asks for nothing', () => {
  const ahead = at({ nowMs: Date.parse(bounds.startsAt) - 1, users: 0 });
  const begins = 'It begins at 2023-11-10 00:00 UTC: nobody takes part before.';
  expect(headline(ahead)).toBe(begins);
  expect(missingTexts(ahead)).toEqual([begins]);
});

test('the page, the text and the list say when it takes users, and that it ended', () => {
  const ended = at({ nowMs: endsAtMs });
  const between = 'from 2023-11-10 00:00 UTC until 2023-12-04 10:00 UTC';
  expect(showText(ended)).toContain(`\ntakes users ${between}\n`);
  expect(showText(ended)).toContain(', ended 2023-12-04 10:00 UTC\n');
  const page = experimentHtml(ended, endsAtMs);
  expect(page).toContain(`<dt>Takes users</dt><dd>${between}</dd>`);
  expect(page).toContain('It ended at 2023-12-04 10:00 UTC: stop it');
  expect(listText([ended])).toMatch(/running \(ended\) +11000 +none$/m);
  expect(showText(assess(madeUp()))).not.toContain('takes users');
});
