import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { forgetLastPorts, readLastPorts, writeLastPorts } from './last-ports.ts';
import { PortReservations } from './ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-ports-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A port that somebody listens on until `close`. */
async function taken(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((done) => server.close(() => done())) };
}

test('a part gets the port of last time where that is free, and else the usual one', async () => {
  const [one, other] = [await taken(), await taken()];
  await other.close();
  const ports = new PortReservations(folder, { kafka: one.port, redis: other.port });
  const usual = await taken();
  await usual.close();
  expect(await ports.chooseFor('redis', usual.port)).toBe(other.port);
  expect(await ports.chooseFor('kafka', usual.port)).toBe(usual.port);
  expect(ports.chosen).toEqual({ redis: other.port, kafka: usual.port });
  ports.release();
  await one.close();
});

test('ports are written down beside the data, and a damaged file counts as none', () => {
  expect(readLastPorts(folder)).toEqual({});
  writeLastPorts(folder, { kafka: 9_092, redis: 6_379 });
  writeLastPorts(folder, { redis: 21_000 });
  expect(readLastPorts(folder)).toEqual({ kafka: 9_092, redis: 21_000 });
  writeFileSync(join(folder, 'ports.json'), '{"kafka":');
  expect(readLastPorts(folder)).toEqual({});
  writeFileSync(join(folder, 'ports.json'), '{"kafka":"x"}');
  expect(readLastPorts(folder)).toEqual({});
  forgetLastPorts(folder);
  expect(readLastPorts(folder)).toEqual({});
});
