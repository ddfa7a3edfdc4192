import { Command } from 'commander';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { registerEvaluateCommand } from './evaluate.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-evaluate-flags-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Not there: whoever gets as far as reading events says so. */
const data = join(folder, 'none.csv');

async function evaluate(...words: string[]): Promise<void> {
  const program = new Command('freshet').exitOverride().configureOutput({ writeErr: () => {} });
  registerEvaluateCommand(program);
  await program.parseAsync(['evaluate', '--model', 'co-visits', ...words], { from: 'user' });
}

test('a report that cannot be written is refused before any event is read', async () => {
  const nowhere = join(folder, 'no-such', 'report.html');
  await expect(evaluate('--data', data, '--report', nowhere)).rejects.toThrow(
    `--report ${nowhere} cannot be written`,
  );
  await expect(evaluate('--data', data, '--report', folder)).rejects.toThrow('cannot be written');
});

test('looking whether a report can be written leaves things as they were', async () => {
  const [fresh, old] = [join(folder, 'new.html'), join(folder, 'old.html')];
  writeFileSync(old, 'before');
  await expect(evaluate('--data', data, '--report', fresh)).rejects.toThrow('none.csv');
  await expect(evaluate('--data', data, '--report', old)).rejects.toThrow('none.csv');
  expect(existsSync(fresh)).toBe(false);
  expect(readFileSync(old, 'utf8')).toBe('before');
});

test.each([
  [['--data', data, '--since', '5', '--until', '6'], 'leave out --since, --until'],
  [['--topic', '--items', 'items.csv'], 'leave out --items'],
  [
    ['--data', data, '--through-stack', '9', '--context', 'home-feed', '--sample', '5'],
    'leave out --context, --sample',
  ],
  [['--data', data, '--through-stack', '9', '--report', 'r.html'], 'leave out --report'],
  [['--data', data, '--through-stack', '9', '--k', '5'], 'leave out --k'],
])('%j: what would change nothing is refused', async (words, said) => {
  await expect(evaluate(...words)).rejects.toThrow(said);
});

test('defaults are not taken for given', async () => {
  await expect(evaluate('--data', data, '--through-stack', '9')).rejects.toThrow('none.csv');
});
