import { Command } from 'commander';
import { expect, test } from 'vitest';

import { registerBenchCommand } from './bench.ts';

test('quality needs no option: the bundled data, the shipped blend, both moments', () => {
  const program = new Command();
  registerBenchCommand(program);
  const bench = program.commands.find((command) => command.name() === 'bench');
  const quality = bench?.commands.find((command) => command.name() === 'quality');
  expect(quality?.opts()).toEqual({
    data: [],
    excludeSeen: [],
    model: 'blend',
    moment: 'both',
    sample: 5_000,
    agreement: true,
  });
});
