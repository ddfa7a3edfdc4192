import type { Command } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { expectationNames, limitsFor } from '../../models/definitions.ts';
import { contextOf, contextsOf, runningOn } from '../../services/control/state.ts';
import { answersMin } from '../../services/metrics/expectations.ts';
import {
  type MeasuredExpectation,
  measuredExpectations,
  measuredFrom,
} from '../control/expectations.ts';
import { readPublished } from '../control/published.ts';
import { type SendFlags, sendAndPrint, withSendOptions } from '../control/send.ts';
import { textTable } from '../data/text-table.ts';

interface ShowFlags extends SendFlags {
  readonly metrics?: string;
}

export function registerContextCommand(program: Command): void {
  const context = program.command('context').description('look at contexts, and retire them');
  context
    .command('list')
    .description('every context that is published')
    .option('--json', 'print one JSON line')
    .action(list);
  context
    .command('show')
    .argument('<name>')
    .description('what a context demands, what runs on it, and how its expectations stand')
    .option('--metrics <url>', 'address of the metrics service, where there is no Prometheus')
    .option('--json', 'print one JSON line')
    .action(show);
  withSendOptions(context.command('retire'))
    .argument('<name>')
    .description("withdraw a context: requests for it are then answered 'unknown_context'")
    .action((name: string, flags: SendFlags) =>
      sendAndPrint({ kind: 'context.retire', body: { context: name } }, flags),
    );
}

async function list({ json }: SendFlags): Promise<void> {
  const state = await readPublished(commonConfig());
  const rows = contextsOf(state).map(({ context, size, ladder }) => ({
    context,
    version: state.contexts.live.get(context)?.version ?? '',
    size,
    models: ladder.map(({ model }) => model),
    running: runningOn(state, context).map(({ definition }) => definition.experiment),
  }));
  if (json === true) console.log(JSON.stringify({ contexts: rows }));
  else if (rows.length === 0) console.log('no context is published');
  else
    console.log(
      textTable(
        ['context', 'items', 'ladder', 'running'],
        rows.map((row) => [row.version, row.size, row.models.join(' > '), row.running.join(', ')]),
      ),
    );
}

async function show(name: string, { json, metrics }: ShowFlags): Promise<void> {
  const state = await readPublished(commonConfig());
  const definition = contextOf(state, name);
  const record = state.contexts.live.get(name);
  if (definition === undefined || record === undefined)
    throw new UserError(`there is no context '${name}': look with \`npx freshet context list\``);
  const measured = await measuredExpectations(measuredFrom(metrics), name);
  if (measured === null && metrics !== undefined)
    throw new UserError(`${metrics} has no measured values: name the metrics service's address`);
  const { version, revision } = record;
  const running = runningOn(state, name).map((one) => one.definition.experiment);
  const limits = definition.ladder.slice(0, 1).flatMap(({ model }) => {
    const own = limitsFor(definition.expectations, model);
    return expectationNames.flatMap((one) =>
      own[one] === undefined ? [] : [{ model, expectation: one, limit: own[one] }],
    );
  });
  const shown = { version, revision, running, definition, limits, measured };
  if (json === true) console.log(JSON.stringify(shown));
  else console.log(inWords(shown));
}

interface Shown {
  readonly version: string;
  readonly revision: number;
  readonly running: readonly string[];
  readonly definition: unknown;
  readonly limits: readonly { readonly expectation: string; readonly limit: number }[];
  readonly measured: readonly MeasuredExpectation[] | null;
}

const inWords = ({ version, revision, running, definition, limits, measured }: Shown): string =>
  [
    `${version} (revision ${revision})`,
    `experiments that run: ${running.length === 0 ? 'none' : running.join(', ')}`,
    '',
    limits.length === 0
      ? 'it expects nothing'
      : textTable(
          ['it expects', 'limit'],
          limits.map(({ expectation, limit }) => [expectation, limit]),
        ),
    '',
    measuredInWords(measured),
    '',
    JSON.stringify(definition, null, 2),
  ].join('\n');

const measuredInWords = (measured: Shown['measured']): string => {
  if (measured === null)
    return 'measured values: not known (name the metrics service with --metrics, or start with Prometheus)';
  if (measured.length === 0)
    return 'measured values: none yet, or this is not the address of the service `metrics`';
  return textTable(
    ['model', 'measured', 'window', 'answers', 'value', 'limit', ''],
    measured.map(({ model, expectation, window, answers, value, limit, broken }) => [
      model,
      expectation,
      window,
      answers,
      Number(value.toPrecision(4)),
      limit ?? '',
      broken ? 'BROKEN' : limit !== null && answers < answersMin ? 'too few to judge' : '',
    ]),
  );
};
