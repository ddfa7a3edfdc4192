import type { Command } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { type ControlState, contextsOf, experimentsOf } from '../../services/control/state.ts';
import { readPublished } from '../control/published.ts';
import { type SendFlags, sendAndPrint, withSendOptions } from '../control/send.ts';
import { textTable } from '../data/text-table.ts';

export function registerModelCommand(program: Command): void {
  const model = program.command('model').description('look at versions of models, and delete them');
  model
    .command('list')
    .description('every version that is published, and who uses it')
    .option('--json', 'print one JSON line')
    .action(async ({ json }: SendFlags) => {
      const state = await readPublished(commonConfig());
      const rows = [...state.models.live.values()].map(({ version, revision, content }) => {
        const { kind } = JSON.parse(content) as { readonly kind: string };
        return { version, kind, revision, used_by: usersOf(state, version) };
      });
      if (json === true) console.log(JSON.stringify({ models: rows }));
      else if (rows.length === 0) console.log('no model is published');
      else
        console.log(
          textTable(
            ['version', 'kind', 'used by'],
            rows.map(({ version, kind, used_by: by }) => [version, kind, by.join(', ')]),
          ),
        );
    });
  model
    .command('show')
    .argument('<version>', 'name@hash; a name alone shows all of its versions')
    .description('the definition of a version, with all defaults')
    .option('--json', 'print one JSON line')
    .action(async (named: string, { json }: SendFlags) => {
      const state = await readPublished(commonConfig());
      const found = [...state.models.live.values()].filter(
        ({ version }) => version === named || version.startsWith(`${named}@`),
      );
      if (found.length === 0)
        throw new UserError(`there is no model '${named}': look with \`npx freshet model list\``);
      const shown = found.map(({ version, revision, content }) => ({
        version,
        revision,
        used_by: usersOf(state, version),
        definition: JSON.parse(content) as unknown,
      }));
      console.log(json === true ? JSON.stringify({ models: shown }) : pretty(shown));
    });
  withSendOptions(model.command('delete'))
    .argument('<version>', 'name@hash')
    .description('withdraw a version that no context and no experiment uses')
    .action((version: string, flags: SendFlags) =>
      sendAndPrint({ kind: 'model.delete', body: { version } }, flags),
    );
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

const usersOf = (state: ControlState, version: string): string[] => [
  ...contextsOf(state)
    .filter(({ ladder }) => ladder.some((step) => step.model === version))
    .map(({ context }) => context),
  ...experimentsOf(state)
    .filter(({ definition }) => definition.variants.some((variant) => variant.model === version))
    .map(({ definition, state: is }) => `${definition.experiment} (${is})`),
];
