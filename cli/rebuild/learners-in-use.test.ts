import { expect, test } from 'vitest';

import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { currentKey } from '../../lib/stream/current.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { learningName } from '../../models/learning-identity.ts';
import type { Progress } from '../data/progress-of-services.ts';
import { LearnersInUse, progressInUse } from './learners-in-use.ts';
import { untilOthers } from './set-members.ts';
import { progressOfSet, untilCovered } from './set-progress.ts';

type InUse = ReturnType<Catalogue['modelsInUse']>;

const trending = (halfLifeHours: number): unknown =>
  kinds.get('trending')?.learningSchema.parse({ halfLifeHours });
const used = learningName('trending', trending(1));
const retired = learningName('trending', trending(2));

const catalogueOf = (...halfLives: readonly number[]) => ({
  modelsInUse: () =>
    new Map(
      halfLives.map((hours) => [
        `m@${hours}`,
        {
          version: `m@${hours}`,
          revision: 1,
          definition: { kind: 'trending', learning: trending(hours), retrieval: { depth: 1 } },
        },
      ]),
    ) as unknown as InUse,
});

const learnersOf = (...halfLives: readonly number[]): Promise<LearnersInUse> =>
  new LearnersInUse(async () => catalogueOf(...halfLives)).look();

const row = (service: string, next: number, end: number): Progress => ({
  service,
  topic: 'signals',
  partition: 0,
  next,
  end,
  lag: end - next,
});
const rows = [row('ingest', 10, 10), row(used, 5, 5), row(retired, 0, 5_000)];
const services = ['ingest', 'learning'];

test('a learner that no context uses any more is not waited for, by lag or by offsets', async () => {
  const read = async () => ({ progress: rows, missing: [] });
  const reader = progressInUse({ read, close: async () => undefined }, await learnersOf(1));
  const { progress } = await reader.read();
  expect(progressOfSet(progress, services, new Map())).toMatchObject({ lag: 0, missing: [] });
  const given = { offsets: [10], deadlineMs: 0 };
  expect(await untilCovered(reader, services, given)).toBe(true);
  const both = progressInUse({ read, close: async () => undefined }, await learnersOf(1, 2));
  expect(await untilCovered(both, services, given)).toBe(false);
});

test('nobody else is waited for in the group of a learner that is not in use', async () => {
  const generations = ['ingest', used, retired].map((name) => ({ name, lineage: 'one' }));
  const pointers = new Map(
    generations.map((one) => [currentKey('shop', one.name), JSON.stringify(one)]),
  );
  const redis = {
    scan: async function* scan(pattern: string) {
      yield [...pointers.keys()].filter((key) => key.startsWith(pattern.slice(0, -1)));
    },
    getString: async (key: string) => pointers.get(key) ?? null,
  } as unknown as RedisPort;
  const asked: (readonly string[])[] = [];
  await untilOthers(
    { prefix: 'shop', partitions: 4, kafka: { brokers: [], clientId: 'test' } },
    {
      redis,
      services,
      learners: await learnersOf(1),
      say: () => undefined,
      signal: new AbortController().signal,
      refuseEnd: () => {
        if (asked.length > 0) throw new Error(`waits for others than ${String(asked[0])}`);
      },
      open: async () => ({
        groupMembers: async (groups) => {
          asked.push(groups);
          return new Map(groups.map((group) => [group, group.includes(retired) ? 0 : 2]));
        },
        close: async () => undefined,
      }),
    },
  );
  expect(asked).toEqual([['shop.ingest.one', `shop.${used}.one`]]);
});

test('what is in use is looked at again, and without learners none is needed', async () => {
  const catalogues = [catalogueOf(1), catalogueOf()];
  const learners = new LearnersInUse(async () => catalogues.shift() ?? catalogueOf(), 0);
  await learners.look();
  expect([learners.has(used), learners.has(retired), learners.has('seen-items')]).toEqual([
    true,
    false,
    true,
  ]);
  expect(learners.needs('learning')).toBe(true);
  await learners.look();
  expect([learners.has(used), learners.needs('learning'), learners.needs('ingest')]).toEqual([
    false,
    false,
    true,
  ]);
});
