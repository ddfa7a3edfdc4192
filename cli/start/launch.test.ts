import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';

import { processIdentity, writeStateFile } from '../../lib/config/state-file.ts';
import { Launch } from './launch.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-launch-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test('a second stack is refused before anything has begun that could be stopped', async () => {
  const stateFile = join(folder, 'stack.json');
  const addresses = { kafkaBrokers: 'h:1', registryUrl: 'http://h:2', redisUrl: 'redis://h:3' };
  const processes = { guard: processIdentity(process.pid) };
  writeStateFile({ mode: 'processes', addresses, processes, dataDir: folder }, stateFile);
  vi.stubEnv('FRESHET_STATE_FILE', stateFile);
  const said: string[] = [];
  const launch = new Launch({
    dataDir: join(folder, 'data'),
    keep: false,
    say: (line) => said.push(line),
    onFatal: () => undefined,
  });
  await expect(launch.run()).rejects.toThrow('a stack is running already');
  expect(launch.began).toBe(false);
  expect(said).toEqual([]);
});
