import { Command } from 'commander';
import { describe, expect, test } from 'vitest';

import { portOf, registerRunCommand } from './run.ts';

describe('freshet run', () => {
  test.each(['65536', '99999', '-1', '80.5', '', 'http'])('has no port %j', (text) => {
    expect(() => portOf(text)).toThrow('from 0 to 65535');
  });

  test('takes the ports that there are', () => {
    expect(portOf('0')).toBe(0);
    expect(portOf('65535')).toBe(65_535);
  });

  test('says so in one line before anything starts', async () => {
    const program = new Command('freshet').exitOverride().configureOutput({ writeErr: () => {} });
    registerRunCommand(program);
    for (const command of program.commands) command.exitOverride();
    const asked = program.parseAsync(['run', 'ingest', '--port', '99999'], { from: 'user' });
    await expect(asked).rejects.toThrow('from 0 to 65535');
  });
});
