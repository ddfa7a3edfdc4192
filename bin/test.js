// `npm test`: all tests, on a real Kafka, registry and Redis that they start themselves.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { node24 } from './node24.js';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(node24(), [vitest, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: fileURLToPath(new URL('..', import.meta.url)),
});
process.exit(status ?? 1);
