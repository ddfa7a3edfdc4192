import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { StackState } from '../lib/config/state-file.ts';
import { partStatuses } from './state.ts';

let server: Server;
let port = 0;
beforeAll(async () => {
  // Takes connections and hangs up on whatever it is asked: nothing that speaks Redis or Kafka.
  server = createServer((socket) => socket.once('data', () => socket.destroy()));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise((done) => server.close(done)));

const stateWith = (processes: StackState['processes']): StackState => ({
  mode: 'processes',
  addresses: {
    kafkaBrokers: `127.0.0.1:${port}`,
    registryUrl: `http://127.0.0.1:${port}/apis`,
    redisUrl: `redis://127.0.0.1:${port}`,
  },
  processes,
  dataDir: '/nowhere',
});

test('a part of our own must answer what it is asked; of others an open port is all', async () => {
  const own = { pid: 1, startedAt: '1' };
  const parts = await partStatuses(stateWith({ kafka: own, registry: own, redis: own }));
  expect(parts.map(({ part, answers }) => [part, answers])).toEqual([
    ['kafka', false],
    ['registry', false],
    ['redis', false],
  ]);
  const others = await partStatuses(stateWith({}));
  expect(others.map(({ answers }) => answers)).toEqual([true, true, true]);
});

test('of a Redis that is several, every address is told', async () => {
  const state = stateWith({});
  const told = async (redisUrl: string): Promise<(readonly [string, string])[]> => {
    const parts = await partStatuses({ ...state, addresses: { ...state.addresses, redisUrl } });
    return parts.slice(2).map(({ part, address }) => [part, address] as const);
  };
  expect(await told(`redis+cluster://127.0.0.1:${port},[::1]`)).toEqual([
    ['redis', `127.0.0.1:${port}`],
    ['redis-2', '::1:6379'],
  ]);
  expect(await told('redis+sentinel://ann:secret@127.0.0.1:1,127.0.0.1/main')).toEqual([
    ['sentinel', '127.0.0.1:1'],
    ['sentinel-2', '127.0.0.1:26379'],
  ]);
});
