import { type Command, Option } from 'commander';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import { senderOf } from '../control/send.ts';
import { choose, fullId } from '../failed/entries.ts';
import { type Fix, parseFix } from '../failed/fix.ts';
import {
  type FixFlags,
  fixGiven,
  isSaid,
  type SelectionFlags,
  selectionOf,
  whole,
  withFix,
  withSelection,
} from '../failed/flags.ts';
import { countsOf, groupsOf } from '../failed/groups.ts';
import { states } from '../failed/outcomes.ts';
import { showOne, shownText } from '../failed/show.ts';
import { entriesText, groupsText, iso, newestFirst, replayText } from '../failed/text.ts';
import {
  dropAll,
  findAll,
  refuseSettled,
  type ReplayReport,
  replayAll,
  workOn,
} from '../failed/work.ts';
import { readable } from '../data/readable.ts';
import { print } from '../output.ts';

export function registerFailedCommand(program: Command): void {
  const failed = program
    .command('failed')
    .description('events that could not be used: list, look at, fix, send again, or drop them');
  withSelection(failed.command('list'))
    .description('count them by stage, reason and producer, with first and last seen')
    .option('--events', 'one line each, the newest first')
    .addOption(new Option('--state <state>', 'only those that are so').choices(states))
    .option('--limit <rows>', 'rows shown', whole, 20)
    .option('--json', 'print one JSON line')
    .action(list);
  failed
    .command('show')
    .argument('<id>', 'as `list` shows it: ingest/user-events/0/42')
    .description('everything of one, read as far as it goes, and what was done about it')
    .option('--json', 'print one JSON line')
    .action(show);
  withFix(withSelection(failed.command('fix')))
    .argument('<file>', 'JSON of the fix: written from the flags, or read where none are given')
    .argument('[ids...]', 'try it on these; left out: on all that are open')
    .description('declare a change, and see what it makes of events; nothing is sent')
    .option('--dry-run', 'do not write the file')
    .option('--limit <events>', 'try it on so many', whole, 1_000)
    .option('--show <events>', 'show before and after of so many', whole, 3)
    .option('--json', 'print one JSON line')
    .addHelpText('after', fixHelp)
    .action(fix);
  withSelection(failed.command('replay'))
    .argument('[ids...]', 'these; or say which by the flags')
    .description('send what would be taken now to the topic that it came from, under its own id')
    .option('--fix <file>', 'changed by this first')
    .option('--all', 'all that are open')
    .option('--again', 'also those that were replayed or dropped; only with ids')
    .option('--dry-run', 'say what would be sent')
    .option('--limit <events>', 'at most so many at once', whole, 10_000)
    .option('--by <role>', 'who does it, for the record: a role, no personal data', 'freshet')
    .option('--json', 'print one JSON line')
    .addHelpText('after', replayHelp)
    .action(replay);
  withSelection(failed.command('drop'))
    .argument('[ids...]', 'these; or say which by the flags')
    .description('give events up; they stay on failed-events and are no longer open')
    .requiredOption('--why <text>', 'kept with them; no personal data')
    .option('--all', 'all that are open')
    .option('--by <role>', 'who does it, for the record: a role, no personal data', 'freshet')
    .option('--json', 'print one JSON line')
    .action(drop);
}

const fixHelp = `
In this order: the bytes are read (--as, --partial), then --rename, --drop, --times, --default,
--set. a.b names an entry of a map. Values may be @appended_at (when the broker had the record), @key,
@header:NAME, and @position (for an event_id: made of where the record lies).

  npx freshet failed fix buy.json --reason unknown_type --set type=purchase --dry-run
  npx freshet failed fix shop.json --producer source=shop --as json --rename uid=user_id`;

const replayHelp = `
Each is judged first as ingest would judge it now; what it would refuse stays open, and is said. An
event keeps its event_id and goes to its own partition, so however often it is sent it counts once.`;

interface ListFlags extends SelectionFlags {
  readonly events?: boolean;
  readonly state?: (typeof states)[number];
  readonly limit: number;
}

async function list(flags: ListFlags): Promise<void> {
  const config = commonConfig();
  const found = await findAll(config);
  const wanted = flags.state === undefined ? states : [flags.state];
  const selection = selectionOf([], flags, { prefix: config.prefix, states: wanted });
  const entries = choose(found.entries, selection);
  const groups = groupsOf(entries);
  const { limit, events = false } = flags;
  const value = {
    counts: countsOf(entries),
    ...(events
      ? { events: newestFirst(entries).slice(0, limit).map(entryAs) }
      : { groups: groups.slice(0, limit).map(groupAs) }),
  };
  const table = { limit, prefix: config.prefix };
  const text = events ? entriesText(entries, table) : groupsText(groups, entries, table);
  print({ json: flags.json === true }, value, text);
}

const groupAs = ({ firstSeenMs, lastSeenMs, ...group }: ReturnType<typeof groupsOf>[number]) => ({
  ...group,
  first_seen: iso(firstSeenMs),
  last_seen: iso(lastSeenMs),
});

const entryAs = ({
  id,
  stage,
  reason,
  producer,
  state,
  atMs,
}: ReturnType<typeof choose>[number]) => ({
  id,
  stage,
  reason,
  producer,
  state,
  seen: iso(atMs),
});

async function show(id: string, { json }: { readonly json?: boolean }): Promise<void> {
  const config = commonConfig();
  const shown = await showOne(config, fullId(id, config.prefix), await findAll(config));
  print({ json: json === true }, shown, shownText(shown));
}

interface FixCommandFlags extends SelectionFlags, FixFlags {
  readonly dryRun?: boolean;
  readonly limit: number;
  readonly show: number;
}

async function fix(file: string, ids: readonly string[], flags: FixCommandFlags): Promise<void> {
  const config = commonConfig();
  const given = fixGiven(flags);
  const declared = given === null ? readFix(file) : parseFix('what the flags say', given);
  const { report, left } = await attempt(config, ids, { ...flags, declared });
  const isWritten = given !== null && flags.dryRun !== true;
  if (isWritten) writeFix(file, declared);
  const sends =
    report.replayed === 0
      ? 'it would send none of them yet'
      : `\`npx freshet failed replay --fix ${file}\` with the same choice sends them`;
  const said = isWritten ? `\nWritten to ${file}: ${sends}.` : '';
  const value = { ...reportAs(report), left, fix: declared, written: isWritten ? file : null };
  const text = replayText(report, { isDryRun: true, left });
  print({ json: flags.json === true }, value, `${text}${said}`);
}

async function attempt(
  config: CommonConfig,
  ids: readonly string[],
  flags: SelectionFlags & { readonly limit: number; readonly show: number; readonly declared: Fix },
): Promise<{ report: ReplayReport; left: number }> {
  const found = await findAll(config);
  const { prefix } = config;
  const selection = selectionOf(ids, flags, { prefix, states: ids.length > 0 ? states : ['open'] });
  const { chosen, left } = workOn(found, selection, flags.limit);
  const options = { fix: flags.declared, by: '', isDryRun: true, shownMax: flags.show };
  return { report: await replayAll(config, chosen, options), left };
}

const readFix = (file: string): Fix => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}, and no change is given: ${messageOf(error)}`);
  }
  try {
    return parseFix(file, JSON.parse(text));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file} is no JSON: ${messageOf(error)}`);
  }
};

function writeFix(file: string, declared: Fix): void {
  const text = `${JSON.stringify(declared, null, 2)}\n`;
  try {
    if (!existsSync(file) || readFileSync(file, 'utf8') === text) return writeFileSync(file, text);
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${messageOf(error)}`);
  }
  throw new UserError(`${file} is there and says something else: name another file`);
}

interface ReplayFlags extends SelectionFlags {
  readonly fix?: string;
  readonly all?: boolean;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly limit: number;
  readonly by?: string;
}

async function replay(ids: readonly string[], flags: ReplayFlags): Promise<void> {
  refuseUnsaid(ids, flags);
  const again = flags.again === true;
  if (again && ids.length === 0) throw new UserError('--again is for events that are named by id');
  const by = senderOf(flags);
  const config = commonConfig();
  const declared = flags.fix === undefined ? null : readFix(flags.fix);
  const found = await findAll(config);
  const { prefix } = config;
  const selection = selectionOf(ids, flags, { prefix, states: again ? states : ['open'] });
  if (!again) refuseSettled(found, selection.ids, ': --again sends it once more');
  const { chosen, left } = workOn(found, selection, flags.limit);
  const isDryRun = flags.dryRun === true;
  const shownMax = isDryRun ? 3 : 0;
  const report = await replayAll(config, chosen, { fix: declared, by, isDryRun, shownMax });
  const text = replayText(report, { isDryRun, left });
  print({ json: flags.json === true }, { ...reportAs(report), left, dry_run: isDryRun }, text);
  if (report.open > 0 && report.open === report.chosen) process.exitCode = 1;
}

const reportAs = ({ shown, ...report }: ReplayReport) => ({
  ...report,
  shown: shown.map(({ entry, before, after }) => ({
    id: entry.id,
    before: readable(before),
    after: readable(after),
  })),
});

function refuseUnsaid(ids: readonly string[], flags: SelectionFlags & { all?: boolean }): void {
  if (flags.all === true || isSaid(ids, flags)) return;
  throw new UserError('say which: ids, --reason, --stage, --producer, --since, or --all');
}

interface DropFlags extends SelectionFlags {
  readonly why: string;
  readonly all?: boolean;
  readonly by?: string;
}

async function drop(ids: readonly string[], flags: DropFlags): Promise<void> {
  refuseUnsaid(ids, flags);
  const by = senderOf(flags);
  const { why } = flags;
  if (why.trim() === '' || Buffer.byteLength(why) > 500)
    throw new UserError('--why takes a sentence of at most 500 bytes');
  const config = commonConfig();
  const found = await findAll(config);
  const selection = selectionOf(ids, flags, { prefix: config.prefix, states: ['open'] });
  refuseSettled(found, selection.ids, '');
  const chosen = choose(found.entries, selection);
  await dropAll(config, chosen, { by, why });
  const dropped = chosen.length;
  print(
    { json: flags.json === true },
    { dropped, ids: chosen.map(({ id }) => id) },
    `${dropped} dropped.`,
  );
}
