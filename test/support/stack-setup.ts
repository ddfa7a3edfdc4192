import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

import { startStack } from '../../stack/stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    kafkaBrokers: string;
    registryUrl: string;
    redisUrl: string;
  }
}

/** One stack for all files that need a healthy one; files that break things start their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'freshet-test-'));
  const stack = await startStack({
    dataDir,
    prometheus: false,
    onProgress: (line) => console.log(line),
  });
  project.provide('kafkaBrokers', stack.addresses.kafkaBrokers);
  project.provide('registryUrl', stack.addresses.registryUrl);
  project.provide('redisUrl', stack.addresses.redisUrl);
  return async () => {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
