#!/usr/bin/env node
// Starts the command line on a Node that runs TypeScript, and hands its signals and its end through.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { node24 } from './node24.js';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const child = spawn(node24(), [main, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends Ctrl-C to both; the child decides when it is done.
  process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
}
child.on('exit', (code, signal) => {
  if (signal !== null) process.kill(process.pid, signal === 'SIGKILL' ? 'SIGKILL' : 'SIGTERM');
  process.exit(code ?? 1);
});
