import { Command } from 'commander';
import { describe, expect, test } from 'vitest';

import { portOf, registerRunCommand } from './run.ts';

async function run(...words: string[]): Promise<void> {
  const program = new Command('freshet').exitOverride().configureOutput({ writeErr: () => {} });
  registerRunCommand(program);
  await program.parseAsync(['run', ...words], { from: 'user' });
}

describe('freshet run', () => {
  test.each(['65536', '99999', '-1', '80.5', '', 'http'])('has no port %j', (text) => {
    expect(() => portOf(text)).toThrow('from 0 to 65535');
  });

  test('takes the ports that there are', () => {
    expect(portOf('0')).toBe(0);
    expect(portOf('65535')).toBe(65_535);
  });

  test('says so in one line before anything starts', async () => {
    await expect(run('ingest', '--port', '99999')).rejects.toThrow('from 0 to 65535');
  });

  test('takes names or --all', async () => {
    await expect(run('ingest', '--all')).rejects.toThrow('leave out ingest, or --all');
  });
});
