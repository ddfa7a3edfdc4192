import { describe, expect, test } from 'vitest';
import { applyTopics, type ConfigEntry, diffTopics, specOf, type TopicAdmin } from './apply.ts';
import { topics } from './all.ts';
import { contexts } from './contexts.ts';
import { interactions } from './interactions.ts';
import { userEvents } from './user-events.ts';

const options = { prefix: 'freshet', partitions: 4 };

const asWanted = (topic: typeof userEvents, partitions = 4) => ({
  partitions,
  configs: Object.entries(specOf(topic, options).configs).map(
    ([name, value]): ConfigEntry => ({ name, value, isDefault: false }),
  ),
});

test('every topic file is found, and no two share a name', () => {
  const things = topics.map((topic) => topic.thing);
  expect(things).toEqual([...new Set(things)].toSorted());
  expect(things).toHaveLength(18);
});

test('logs that rebuilds need are kept without limit', () => {
  for (const topic of topics.filter(({ thing }) =>
    ['user-events', 'interactions', 'item-signals'].includes(thing),
  )) {
    expect(specOf(topic, options).configs).toMatchObject({
      'retention.ms': '-1',
      'retention.bytes': '-1',
    });
  }
});

describe('the difference between the list and a broker', () => {
  test('a missing topic is created with the wanted partitions', () => {
    const changes = diffTopics([interactions, contexts], new Map(), {
      prefix: 'shop',
      partitions: 8,
    });
    expect(changes).toMatchObject([
      { kind: 'create', topic: 'shop.interactions.v1', spec: { partitions: 8 } },
      { kind: 'create', topic: 'shop.contexts.v1', spec: { partitions: 1 } },
    ]);
  });

  test('a topic as wanted gives nothing', () => {
    const existing = new Map([['freshet.interactions.v1', asWanted(interactions)]]);
    expect(diffTopics([interactions], existing, options)).toEqual([]);
  });

  test('another partition count of an internal topic is refused, more or fewer', () => {
    for (const partitions of [2, 8]) {
      const existing = new Map([['freshet.interactions.v1', asWanted(interactions, partitions)]]);
      const [change] = diffTopics([interactions], existing, options);
      expect(change?.kind === 'refuse' && change.why).toContain(
        `set FRESHET_PARTITIONS=${partitions}`,
      );
    }
  });

  test('user-events may have any partition count', () => {
    const existing = new Map([['freshet.user-events.v1', asWanted(userEvents, 31)]]);
    expect(diffTopics([userEvents], existing, options)).toEqual([]);
  });

  test('an altered topic keeps settings that others made, and not the broker defaults', () => {
    const present = asWanted(userEvents);
    const configs = [
      ...present.configs.filter(({ name }) => name !== 'message.timestamp.type'),
      { name: 'message.timestamp.type', value: 'CreateTime', isDefault: true },
      { name: 'min.insync.replicas', value: '2', isDefault: false },
      { name: 'segment.bytes', value: '1073741824', isDefault: true },
    ];
    const existing = new Map([['freshet.user-events.v1', { partitions: 4, configs }]]);
    expect(diffTopics([userEvents], existing, options)).toEqual([
      {
        kind: 'alter',
        topic: 'freshet.user-events.v1',
        differing: [{ name: 'message.timestamp.type', from: 'CreateTime', to: 'LogAppendTime' }],
        configs: { ...specOf(userEvents, options).configs, 'min.insync.replicas': '2' },
      },
    ]);
  });
});

test('apply creates and alters, and leaves refused topics alone', async () => {
  const calls: string[] = [];
  const admin: TopicAdmin = {
    partitionCounts: async () => new Map(),
    describeConfigs: async () => new Map(),
    createTopics: async (specs) => calls.push(`create ${specs.map(({ topic }) => topic).join()}`),
    alterConfigs: async (topic) => calls.push(`alter ${topic}`),
  };
  const spec = specOf(interactions, options);
  await applyTopics(
    [
      { kind: 'refuse', topic: 'a', why: 'because' },
      { kind: 'alter', topic: 'b', differing: [], configs: {} },
      { kind: 'create', topic: spec.topic, spec },
    ],
    admin,
  );
  expect(calls).toEqual(['create freshet.interactions.v1', 'alter b']);
});
