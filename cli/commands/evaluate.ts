import { type Command, InvalidArgumentError, Option } from 'commander';
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';

import { now } from '../../lib/clock.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { settingsMisspelt } from '../../lib/config/common.ts';
import type { Moment } from '../evaluate/engine.ts';
import { print } from '../output.ts';

export interface EvaluateFlags {
  readonly model: string[];
  readonly context: string[];
  readonly data?: string;
  readonly items?: string;
  readonly topic?: boolean;
  readonly since?: number;
  readonly until?: number;
  readonly from: number;
  readonly fromTime?: number;
  readonly k: number[];
  readonly sample?: number;
  readonly seed: number;
  readonly excludeSeen?: boolean;
  readonly atLeast?: number;
  readonly moment: Moment;
  readonly json?: boolean;
  readonly report?: string;
  readonly throughStack?: number;
}

export function registerEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('replay events past models and contexts: predict, then learn, in order of time')
    .option('--model <file|name>', 'a model; again for more', collected, [])
    .option('--context <file|name>', 'a whole context, rules and ladder; again', collected, [])
    .option('--data <folder|file>', 'events.csv.gz (and items.csv.gz), or a file of events')
    .option('--items <file>', 'items, where they do not lie beside the events')
    .option('--topic', 'the events on the topic interactions, instead of --data')
    .option('--since <time>', 'of --topic, events from this time on', timeOf)
    .option('--until <time>', 'of --topic, events up to this time', timeOf)
    .option('--from <share>', 'test from this share of the time span on', shareOf, 0.9)
    .option('--from-time <time>', 'test from this time on (ISO 8601, or ms since 1970)', timeOf)
    .option('--k <lengths>', 'lengths of lists; plots show the first', lengthsOf, [20, 10])
    .option('--sample <number>', 'test no more than so many events, drawn by --seed', whole)
    .option('--seed <number>', 'of what is drawn', whole, 42)
    .option('--exclude-seen', 'take what a user had before off the lists of models')
    .option('--at-least <items>', 'count lists with so many items; default: the first --k', whole)
    .addOption(
      new Option(
        '--moment <moment>',
        "when a user's list is made: after the user's last event, as the stack does it, or at the next one",
      )
        .choices(['ahead', 'request'])
        .default('ahead'),
    )
    .option('--json', 'print the whole result as one line of JSON')
    .option('--report <file>', 'write it with plots to this file too, as one page of HTML')
    .option(
      '--through-stack <events>',
      'send so many of the first events through the real services instead, and compare every ' +
        'list; goes with --model, --data, --items and --json alone',
      whole,
    )
    .action(run);
}

async function run(flags: EvaluateFlags, command: Command): Promise<void> {
  if ((flags.data === undefined) !== (flags.topic === true))
    throw new UserError('name the events with --data, or --topic, and not both');
  if (flags.model.length + flags.context.length === 0)
    throw new UserError('name at least one --model or --context');
  refuseUnused(flags, command);
  if (flags.report !== undefined) refuseUnwritable(flags.report);
  for (const line of settingsMisspelt()) console.error(`freshet: ${line}`);
  if (flags.throughStack !== undefined) return throughStack(flags, flags.throughStack);
  const { evaluateFlags } = await import('../evaluate/from-flags.ts');
  const { summary } = await import('../evaluate/tables.ts');
  const result = await evaluateFlags(flags);
  print({ json: flags.json === true }, result, summary(result));
  if (flags.report !== undefined) {
    const { reportHtml } = await import('../evaluate/report/page.ts');
    writeText(flags.report, reportHtml(result, now()));
  }
}

async function throughStack(flags: EvaluateFlags, events: number): Promise<void> {
  const { model, data, items } = flags;
  if (data === undefined || model.length === 0)
    throw new UserError('--through-stack compares models: name them and --data');
  const { compareThroughStack, comparison } = await import(
    '../evaluate/through-stack/from-flags.ts'
  );
  const result = await compareThroughStack({ model, data, items, events });
  print({ json: flags.json === true }, result, comparison(result));
  if (result.difference !== null) process.exitCode = 1;
}

const ofThroughStack = new Set(['model', 'data', 'items', 'json', 'throughStack']);
const ofTopic = new Set(['since', 'until']);

/** An option that would change nothing is a misunderstanding: said before hours are spent. */
function refuseUnused(flags: EvaluateFlags, command: Command): void {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  const refuse = (isUnused: (name: string) => boolean, why: string): void => {
    const unused = given.filter((option) => isUnused(option.attributeName()));
    const names = unused.map(({ long }) => long).join(', ');
    if (names !== '') throw new UserError(`leave out ${names}: ${why}`);
  };
  if (flags.topic === true)
    refuse((name) => name === 'items', 'with --topic, items are on a topic');
  else refuse((name) => ofTopic.has(name), 'only --topic is read from a time or up to one');
  if (flags.throughStack !== undefined)
    refuse(
      (name) => !ofThroughStack.has(name),
      '--through-stack compares lists of --model over the first events of --data, and has no use for it',
    );
}

function refuseUnwritable(path: string): void {
  const existed = existsSync(path);
  try {
    closeSync(openSync(path, 'a'));
    if (!existed) rmSync(path);
  } catch (error) {
    throw new UserError(`--report ${path} cannot be written: ${messageOf(error)}`);
  }
}

function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UserError(`${path} cannot be written: ${messageOf(error)}`);
  }
}

const collected = (value: string, before: string[]): string[] => [...before, value];

function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number, 1 up.');
  return Number(text);
}

function shareOf(text: string): number {
  const share = Number(text);
  if (text.trim() === '' || !(share >= 0 && share < 1))
    throw new InvalidArgumentError('must be a number from 0 to below 1.');
  return share;
}

function timeOf(text: string): number {
  const atMs = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isFinite(atMs)) throw new InvalidArgumentError('must be a time.');
  return atMs;
}

function lengthsOf(text: string): number[] {
  const lengths = text.split(',').map(Number);
  if (!lengths.every((k) => Number.isInteger(k) && k >= 1 && k <= 200))
    throw new InvalidArgumentError('must be whole numbers from 1 to 200, with commas.');
  return [...new Set(lengths)];
}
