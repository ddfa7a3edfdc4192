import { expect, test } from 'vitest';

import { draftOf, type ExperimentRecord, experimentSchema } from '../../experiments/definition.ts';
import { drive, driveSteps } from '../../lib/stream/memory-driver.ts';
import {
  decodePartials,
  type ExperimentPartials,
} from '../../schemas/packed/experiment-partials.ts';
import { exposureOf, foldForTests, interactionOf, latenessMs, recordOf } from './fakes.ts';
import { lookAt } from './look.ts';
import type { ShownExposure } from './topology.ts';

const beganMs = 1_700_000_000_000;
const creditMs = 600_000;

const running = (more: object = {}): ExperimentRecord => ({
  ...draftOf(
    experimentSchema.parse({
      experiment: 'nearer-or-newer',
      context: 'home-feed',
      step: 'personal',
      variants: [
        { variant: 'a', model: 'old@0123456789ab', weight: 0.5 },
        { variant: 'b', model: 'new@0123456789ab', weight: 0.5 },
      ],
      outcome: { kinds: ['click', 'purchase'], withinHours: creditMs / 3_600_000 },
      guardrails: { predictedShareMin: 0.9 },
      ...more,
    }),
  ),
  state: 'running',
  salt: 'nearer-or-newer@0123456789ab',
});

const exposuresOf = (
  users: number,
  of: (user: number) => Partial<ShownExposure>,
): ShownExposure[] =>
  Array.from({ length: users }, (_, user) =>
    exposureOf({
      answer_id: `a${user}`,
      user_id: `u${user}`,
      variant: user % 2 === 0 ? 'a' : 'b',
      served_at: beganMs + user,
      ...of(user),
    }),
  );

async function figures(shown: readonly ShownExposure[]): Promise<ExperimentPartials[]> {
  const records = shown.map((value, offset) =>
    recordOf('exposures', offset, { value, atMs: value.served_at }),
  );
  const { shared } = await driveSteps(foldForTests(), [{ input: 1, records }]);
  return shared === null ? [] : [decodePartials(shared)];
}

const options = { latenessMs, atMs: beganMs, expectations: undefined };

test('a variant whose model does not answer is stopped, beyond doubt and with the same command', async () => {
  const one = await figures(exposuresOf(400, (user) => ({ predicted: user % 2 === 0 })));
  const { stops } = lookAt(running(), one, options);
  expect(stops).toMatchObject([
    { experiment: 'nearer-or-newer', variant: 'b', why: expect.stringMatching(/below 90 %/) },
  ]);
  expect(Buffer.byteLength(stops[0]?.commandId ?? '')).toBeLessThanOrEqual(64);
  const later = await figures(exposuresOf(500, (user) => ({ predicted: user % 2 === 0 })));
  expect(lookAt(running(), later, options).stops).toEqual(stops);
});

test('what has been stopped, what is as it should be, and the control are left alone', async () => {
  const broken = await figures(exposuresOf(400, (user) => ({ predicted: user % 2 === 0 })));
  const stopped = { ...running(), stops: [{ variant: 'b', why: 'so' }] };
  expect(lookAt(stopped, broken, options).stops).toEqual([]);
  expect(lookAt(running({ guardrails: {} }), broken, options).stops).toEqual([]);
  const control = await figures(exposuresOf(400, (user) => ({ predicted: user % 2 === 1 })));
  expect(lookAt(running(), control, options).stops).toEqual([]);
});

test('what a user finds on later pages breaks no guardrail', async () => {
  const first = exposuresOf(400, () => ({}));
  const later = exposuresOf(400, (user) => ({
    answer_id: `later${user}`,
    page: 1,
    predicted: user % 2 === 0,
    enough: false,
  }));
  const read = await figures([...first, ...later]);
  expect(lookAt(running(), read, options).stops).toEqual([]);
  expect(read[0]?.experiments[0]?.variants[1]?.answers).toBe(200);
});

test('without guardrails of its own, what the context expects of the model holds', async () => {
  const broken = await figures(exposuresOf(400, (user) => ({ predicted: user % 2 === 0 })));
  const { guardrails: _, ...definition } = running().definition;
  const record = { ...running(), definition };
  expect(lookAt(record, broken, options).stops).toEqual([]);
  const expectations = { predictedShareMin: 0.2, perModel: { new: { predictedShareMin: 0.8 } } };
  const { stops } = lookAt(record, broken, { ...options, expectations });
  expect(stops).toMatchObject([{ variant: 'b', why: expect.stringMatching(/below 80 %/) }]);
});

test('users who are certainly not divided by the weights stop the whole experiment', async () => {
  const skewed = await figures(
    exposuresOf(400, (user) => ({ variant: user % 4 === 0 ? 'a' : 'b', predicted: false })),
  );
  const { stops } = lookAt(running(), skewed, options);
  expect(stops).toHaveLength(1);
  expect(stops[0]).not.toHaveProperty('variant');
});

test('users, those entered, answers and the ratio are said; nothing where nobody was shown', async () => {
  const some = await figures(exposuresOf(10, () => ({})));
  const { metrics } = lookAt(running(), some, options);
  expect(metrics.map(({ labels, values }) => [labels['variant'], values])).toEqual([
    [undefined, { srm_p: 1, multiple: 0, late: 0 }],
    ['a', { users: 5, entered: 0, exposures: 5 }],
    ['b', { users: 5, entered: 0, exposures: 5 }],
  ]);
  expect(lookAt(running(), [], options)).toEqual({ stops: [], metrics: [] });
});

test('a user is entered when the time for outcomes is over in both logs', async () => {
  const fold = foldForTests();
  const one = await figures(exposuresOf(10, () => ({})));
  expect(one).toHaveLength(1);
  const endMs = beganMs + creditMs + latenessMs + 5_000;
  const lastOf = async (records: ShownExposure[], acts: number[]) => {
    const { shared } = await driveSteps(fold, [
      {
        input: 1,
        records: records.map((value, offset) =>
          recordOf('exposures', offset, { value, atMs: value.served_at }),
        ),
      },
      {
        input: 0,
        records: acts.map((atMs, offset) =>
          recordOf('interactions', offset, {
            value: interactionOf({ appended_at: atMs, source_offset: offset, user_id: 'zoe' }),
            atMs,
          }),
        ),
      },
    ]);
    const partitions = shared === null ? [] : [decodePartials(shared)];
    const { metrics } = lookAt(running(), partitions, options);
    return metrics.find(({ labels }) => labels['variant'] === 'a')?.values['entered'];
  };
  const early = exposuresOf(10, () => ({}));
  const late = [...early, exposureOf({ experiment: null, variant: null, served_at: endMs })];
  expect(await lastOf(early, [endMs])).toBe(0);
  expect(await lastOf(late, [beganMs])).toBe(0);
  expect(await lastOf(late, [endMs])).toBe(5);
});

test('a fold that saw nothing has no figures', async () => {
  const { shared } = await drive(foldForTests(), []);
  expect(shared).toBeNull();
});
