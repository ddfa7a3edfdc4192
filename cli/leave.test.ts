import { spawn } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';

const lines = 20_000;
const program = `
import { leave } from ${JSON.stringify(new URL('leave.ts', import.meta.url).href)};
for (let line = 0; line < ${lines}; line++) console.log('x'.repeat(99));
await leave(3);
`;

test('what was printed reaches a reader that takes its time', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let bytes = 0;
  for await (const chunk of child.stdout) {
    if (bytes === 0) await after(20);
    bytes += (chunk as Buffer).length;
  }
  expect(bytes).toBe(lines * 100);
  expect(await ended).toBe(3);
});
