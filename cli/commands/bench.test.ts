import { Command } from 'commander';
import { expect, test } from 'vitest';

import { registerBenchCommand } from './bench.ts';

test('quality needs no option: the bundled data, the shipped blend, both moments', async () => {
  const program = new Command();
  registerBenchCommand(program);
  const bench = program.commands.find((command) => command.name() === 'bench');
  const quality = bench?.commands.find((command) => command.name() === 'quality');
  let given: unknown;
  quality?.action((flags: unknown) => void (given = flags));
  await program.parseAsync(['bench', 'quality'], { from: 'user' });
  expect(given).toEqual({
    data: [],
    excludeSeen: [],
    model: 'blend',
    moment: 'both',
    sample: 5_000,
    agreement: true,
  });
});
