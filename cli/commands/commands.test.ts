import { Command } from 'commander';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const files = readdirSync(import.meta.dirname).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);

test.each(files)(
  '%s registers the command of its name: nothing else is imported for it',
  async (file) => {
    const module = (await import(new URL(file, import.meta.url).href)) as Record<string, unknown>;
    const program = new Command();
    for (const [name, register] of Object.entries(module))
      if (name.startsWith('register')) (register as (program: Command) => void)(program);
    expect(program.commands.map((command) => command.name())).toEqual([file.replace(/\.ts$/, '')]);
  },
);
