// `npm run check`: everything that needs no broker, side by side. Fails if any of it does.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { node24 } from './node24.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = node24();
const tool = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

/** The longest first, two at a time: these machines have two cores. */
const checks = [
  [
    'unit, contract and architecture tests',
    tool('vitest/vitest.mjs'),
    'run',
    '--project',
    'unit*',
    // Of two cores the default would leave one idle.
    '--maxWorkers=100%',
  ],
  ['typed lint', tool('oxlint/bin/oxlint'), '--quiet'],
  ['types', tool('typescript/bin/tsc')],
  ['format', tool('@biomejs/biome/bin/biome'), 'format', '.'],
  ['generated files are fresh', 'schemas/generate.ts', '--check'],
  ['schemas are compatible', 'schemas/check.ts'],
];
const atOnce = 2;

const run = ([name, ...command]) =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(node, command, { cwd: root, env: { ...process.env, NO_COLOR: '1' } });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (code !== 0 || name.startsWith('unit')) console.log(output.trimEnd());
      resolve(code === 0);
    });
  });

const queue = [...checks];
const results = [];
const worker = async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    results.push(await run(next));
  }
};
await Promise.all(Array.from({ length: atOnce }, worker));
process.exit(results.every(Boolean) ? 0 : 1);
