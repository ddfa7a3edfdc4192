import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';

import { evaluationSettings } from '../../cli/evaluate/config.ts';
import { Engine } from '../../cli/evaluate/engine.ts';
import { eventsOf, modelOf } from '../../cli/evaluate/fixtures.ts';
import { throughStack } from '../../cli/evaluate/through-stack/through-stack.ts';
import { kinds } from '../../models/kinds.ts';

const events = 2_000;
/** Of everything that a retrieval may read: rows, figures at their heads, rankings, and weights. */
const definitions = [
  modelOf('co-visits'),
  modelOf('session-neighbours'),
  modelOf('blend', { retrieval: { trainingShare: 0.5 } }),
];

test(`the engine makes the very lists of the real services, ${events} events long`, async () => {
  const settings = evaluationSettings({});
  const engine = new Engine({ definitions, kinds, settings, items: null, keepsSeen: true });
  const known = eventsOf(2 * events).filter(({ type }) => settings.types.includes(type));
  const result = await throughStack(known.slice(0, events), {
    engine,
    addresses: {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    prefix: `lockstep-${randomUUID().slice(0, 8)}`,
    itemsFile: null,
    environment: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    say: () => undefined,
    onEvent: () => undefined,
  });
  expect(result.difference).toBeNull();
  expect(result.models.map(({ agreeing }) => agreeing)).toEqual(definitions.map(() => events));
  for (const { candidates } of result.models) expect(candidates).toBeGreaterThan(10 * events);
  const learned = engine.weightsOf(engine.models);
  expect(learned[0]?.examples).toBeGreaterThan(events / 10);
}, 900_000);
