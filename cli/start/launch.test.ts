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

test('wrong settings of any service are refused before anything has begun', async () => {
  vi.stubEnv('FRESHET_STATE_FILE', join(folder, 'none.json'));
  vi.stubEnv('FRESHET_CANDIDATES_DEPTH_TIMES_MAX', 'banana');
  vi.stubEnv('FRESHET_PAIRED_ITEMS_MAX', '0');
  const launch = new Launch({
    dataDir: join(folder, 'data'),
    keep: false,
    say: () => undefined,
    onFatal: () => undefined,
  });
  await expect(launch.run()).rejects.toThrow(
    /^wrong configuration: FRESHET_PAIRED_ITEMS_MAX [^;]+; FRESHET_CANDIDATES_DEPTH_TIMES_MAX [^;]+$/,
  );
  expect(launch.began).toBe(false);
  vi.unstubAllEnvs();
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
