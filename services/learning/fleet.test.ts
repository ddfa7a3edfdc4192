import { expect, test, vi } from 'vitest';
import { RetryableError } from '../../lib/errors.ts';
import type { RunningService } from '../../lib/service.ts';
import { silentLogger } from '../../lib/telemetry/log.ts';
import { kinds } from '../../models/kinds.ts';
import { LearningFleet } from './fleet.ts';
import { learnersOf } from './learners.ts';
import type { Learner } from './topology.ts';

const known = (kind: string, halfLife: number, depth: number) => ({
  version: `m@${depth}`,
  revision: 1,
  definition: {
    model: 'm',
    kind,
    learning: kinds.get(kind)?.learningSchema.parse({ halfLifeHours: halfLife }) as Record<
      string,
      never
    >,
    retrieval: { depth },
    candidatesAgeMsMax: 1000,
  },
});
const learners = (...halfLives: number[]): ReadonlyMap<string, Learner> =>
  learnersOf(new Map(halfLives.map((h) => [`m@${h}`, known('trending', h, h)])), kinds);

const fleetOf = (startLearner?: (learner: Learner) => Promise<void>) => {
  const said: string[] = [];
  const onFatal = vi.fn<(error: Error) => void>();
  const fleet = new LearningFleet({
    log: silentLogger(),
    onFatal,
    retryMs: 1,
    startLearner: async (learner): Promise<RunningService> => {
      await startLearner?.(learner);
      said.push(`+${learner.name}`);
      return {
        name: learner.name,
        stop: async () => void said.push(`-${learner.name}`),
        healthy: () => null,
        ready: () => null,
      };
    },
  });
  return { fleet, said, onFatal };
};

test('versions that differ in retrieval alone share one learner', () => {
  const models = new Map([
    ['a', known('trending', 5, 10)],
    ['b', known('trending', 5, 20)],
    ['c', known('trending', 6, 20)],
    [
      'd',
      {
        ...known('trending', 5, 10),
        definition: { ...known('trending', 5, 1).definition, kind: 'x' },
      },
    ],
  ]);
  expect(learnersOf(models, kinds).size).toBe(2);
});

test('starts what is wanted once, and stops what nobody uses any more', async () => {
  const { fleet, said } = fleetOf();
  const [five, six] = [...learners(5, 6).keys()];
  fleet.want(learners(5));
  expect(fleet.ready()).toContain('starting');
  await vi.waitFor(() => expect(fleet.ready()).toBeNull());
  fleet.want(learners(5, 6));
  fleet.want(learners(6));
  await vi.waitFor(() => expect(said).toEqual([`+${five}`, `+${six}`, `-${five}`]));
  await fleet.stop();
  expect(said).toEqual([`+${five}`, `+${six}`, `-${five}`, `-${six}`]);
});

test('waits for what is away, says for what, and gives up what is no longer wanted', async () => {
  let away = true;
  const { fleet, said, onFatal } = fleetOf(async () => {
    if (away) throw new RetryableError('Redis is away');
  });
  fleet.want(learners(5));
  await vi.waitFor(() => expect(fleet.ready()).toContain('Redis is away'));
  fleet.want(learners(6));
  away = false;
  await vi.waitFor(() => expect(fleet.ready()).toBeNull());
  expect(said).toEqual([...learners(6).keys()].map((name) => `+${name}`));
  expect(onFatal).not.toHaveBeenCalled();
});

test('any other error is fatal', async () => {
  const { fleet, onFatal } = fleetOf(async () => {
    throw new Error('bug');
  });
  fleet.want(learners(5));
  await vi.waitFor(() => expect(onFatal).toHaveBeenCalledOnce());
});
