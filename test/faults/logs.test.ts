import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, inject, test } from 'vitest';

import { type Aside, openAside } from '../../bench/faults/aside.ts';
import { overtakenWhileAway, overtakenWhileSlow } from '../../bench/faults/rows/20-retention.ts';
import {
  madeAgain,
  partitionsAdded,
  partitionsAddedWhileRunning,
} from '../../bench/faults/rows/21-another-log.ts';
import { stopsAtTheLimit } from '../../bench/faults/rows/22-poison.ts';

/**
 * Logs that are not what they were: rows 20 and 21 of the table of faults as the bench has them,
 * and of row 22 the limit (each form of poison is in e2e/poison.test.ts).
 */
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'freshet-log-faults-'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const cases: readonly [name: string, prefix: string, happens: (aside: Aside) => Promise<void>][] = [
  ['row 20: retention overtakes who is away', 'fault-cut-away', overtakenWhileAway],
  ['row 20: retention overtakes who is slow', 'fault-cut-slow', overtakenWhileSlow],
  ['row 21: a topic is made again', 'fault-again', madeAgain],
  ['row 21: a topic has more partitions', 'fault-more', partitionsAdded],
  ['row 21: … while it is read', 'fault-more-now', partitionsAddedWhileRunning],
  ['row 22: too much poison', 'fault-limit', stopsAtTheLimit],
];

test.each(cases)('%s', async (_, prefix, happens) => {
  const at = {
    kafka: { brokers: inject('kafkaBrokers').split(','), clientId: prefix },
    redis: { url: inject('redisUrl') },
    registry: { url: inject('registryUrl'), timeoutMs: 5_000 },
  };
  const aside = await openAside({ at, dir, prefix });
  try {
    await happens(aside);
  } finally {
    await aside.close();
  }
});
