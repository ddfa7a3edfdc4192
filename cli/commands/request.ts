import { type Command, InvalidArgumentError } from 'commander';

import { monotonicMs, now } from '../../lib/clock.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { within } from '../../lib/deadline.ts';
import { UserError } from '../../lib/errors.ts';
import type { Request } from '../../schemas/generated/request.ts';
import {
  attributeBytesMax,
  attributesMax,
  excludedMax,
  idBytesMax,
  sessionMax,
} from '../../services/serving/request.ts';
import { addAttribute, type Attributes } from '../attribute-flag.ts';
import { type Answer, openAsker } from '../data/asking.ts';
import { readCatalogue } from '../data/definitions.ts';
import { textTable } from '../data/text-table.ts';
import { readTitles } from '../data/titles.ts';
import { print } from '../output.ts';

export interface RequestFlags {
  readonly user: string;
  readonly context: string;
  readonly count?: number;
  readonly exclude: readonly string[];
  readonly session: readonly string[];
  readonly attribute: Attributes;
  readonly page?: string;
  readonly consent: boolean;
  readonly timeout: number;
  readonly titles?: boolean;
  readonly json?: boolean;
}

export function registerRequestCommand(program: Command): void {
  program
    .command('request')
    .description('ask for recommendations over Kafka, as an application does, and show the answer')
    .requiredOption('--user <id>', 'for whom')
    .requiredOption('--context <name>', 'where they are shown, for instance home-feed')
    .option('--count <number>', "items wanted, at most the context's size", whole)
    .option('--exclude <items>', 'items not to answer with, with commas', list, [])
    .option(
      '--session <items>',
      'items of a session that is not in the log, oldest first',
      list,
      [],
    )
    .option(
      '--attribute <name=value>',
      'what rules of the context may compare items with; may be given again',
      addAttribute,
      {},
    )
    .option('--page <token>', 'the next page of an earlier answer: its next_page')
    .option('--no-consent', 'answer from what the request holds, and keep nothing of it')
    .option('--timeout <ms>', 'wait no longer than this', whole, 10_000)
    .option('--titles', 'show titles, from the topic items (default unless --json)')
    .option('--no-titles', 'show ids only')
    .option('--json', 'print the answer as one JSON line')
    .addHelpText(
      'after',
      `
A step is the place in the context's ladder that an item is from; the first one is 0.

A visitor who is not logged in has a session and no history: name any user id that the log does not
know, and give the items that the visitor looked at so far.

  npx freshet request --user visitor --context home-feed --session i17,i4`,
    )
    .action(request);
}

async function request(flags: RequestFlags): Promise<void> {
  const config = commonConfig();
  const asJson = flags.json === true;
  const wanted = flags.titles ?? !asJson;
  const { answer, titles } = await inTime(flags, config, wanted);
  const { recommendation, tookMs } = answer;
  if (recommendation.status !== 'ok') process.exitCode = 1;
  const items = recommendation.items.map((item) =>
    wanted ? { ...item, title: titles.get(item.item_id) ?? null } : item,
  );
  print(
    { json: asJson },
    { ...recommendation, items, took_ms: Math.round(tookMs) },
    asJson ? '' : `${text(answer, titles)}${await besides(answer, flags, config)}`,
  );
}

interface Answered {
  readonly answer: Answer;
  readonly titles: ReadonlyMap<string, string>;
}

const noTitles: ReadonlyMap<string, string> = new Map();

/** From the start of the command on: connecting, titles and all. */
async function inTime(
  flags: RequestFlags,
  config: CommonConfig,
  withTitles: boolean,
): Promise<Answered> {
  const { timeout } = flags;
  const startedMs = monotonicMs();
  // Nobody reads an answer that comes later: serving need not make it, and it is no exposure.
  const deadlineAt = now() + timeout;
  const leftMs = (): number => Math.max(0, timeout - (monotonicMs() - startedMs));
  const got: { sent: boolean; answer: Answer | null } = { sent: false, answer: null };
  const asking = async (): Promise<ReadonlyMap<string, string>> => {
    const reading = withTitles ? readTitles(config) : Promise.resolve(noTitles);
    reading.catch(() => undefined);
    const asker = await openAsker(config);
    got.sent = true;
    got.answer = await asker.ask(requestOf(flags, deadlineAt), leftMs());
    return got.answer === null ? noTitles : reading;
  };
  const titles = await within(timeout, asking());
  // Of very many items the titles come too late: the answer is shown without.
  const { answer, sent } = got;
  if (answer !== null) return { answer, titles: titles === 'late' ? noTitles : titles };
  throw new UserError(
    sent
      ? `no answer within ${timeout} ms: is serving running? (\`npx freshet lag\`)`
      : `no answer within ${timeout} ms: Kafka or the registry does not answer (\`npx freshet status\`), or --timeout is too short, since connecting takes a second or two`,
  );
}

export const requestOf = (flags: RequestFlags, deadlineAt: number): Request => ({
  user_id: flags.user,
  context_id: flags.context,
  count: flags.count ?? null,
  exclude: flags.exclude,
  session: flags.session,
  deadline_at: deadlineAt,
  attributes: flags.attribute,
  page_token: flags.page ?? null,
  consent: flags.consent,
});

/** What only the definitions can say of an answer: for people, who may have misread them. */
async function besides(
  { recommendation: { status, items } }: Answer,
  flags: RequestFlags,
  config: CommonConfig,
): Promise<string> {
  const count = flags.count ?? 0;
  if (status !== 'unknown_context' && !(status === 'ok' && items.length < count)) return '';
  const { contexts } = await readCatalogue(config);
  if (status === 'unknown_context') {
    const there = [...contexts.keys()].join(', ') || 'none';
    return `: there is no context '${flags.context}' (there are: ${there})`;
  }
  return overSize(count, contexts.get(flags.context)?.definition);
}

export function overSize(
  count: number,
  context: { readonly context: string; readonly size: number } | undefined,
): string {
  if (context === undefined || count <= context.size) return '';
  return `\n--count ${count} is more than the context's size: ${context.context} answers with at most ${context.size}`;
}

function text({ recommendation, tookMs }: Answer, titles: ReadonlyMap<string, string>): string {
  const { status, reason, items, removed, model_version: model } = recommendation;
  if (status !== 'ok') return `${status}: ${inWords(reason)}`;
  const rows = items.map((item, index) => {
    const title = titles.get(item.item_id) ?? '';
    return [index + 1, item.item_id, title, item.score.toPrecision(3), item.step];
  });
  const rules = Object.entries(removed).filter(([, count]) => count > 0);
  const said = [
    `answer ${recommendation.answer_id} after ${Math.round(tookMs)} ms`,
    `answered by ${recommendation.answered_by}${model === null ? '' : ` (${model})`}`,
    `removed by rules: ${rules.map(([rule, count]) => `${rule} ${count}`).join(', ') || 'none'}`,
  ];
  if (recommendation.newest_interaction_at !== null) {
    const at = new Date(recommendation.newest_interaction_at).toISOString();
    said.push(`newest interaction behind it: ${at}`);
  }
  if (recommendation.next_page !== null) said.push(`next page: --page ${recommendation.next_page}`);
  return `${items.length === 0 ? 'No item is left.' : textTable(['#', 'item', 'title', 'score', 'step'], rows)}\n${said.join('\n')}`;
}

/** Answers have fixed words; people want the limit as well. */
export function inWords(reason: string | null): string {
  if (reason === null) return 'no reason was given';
  const limit = limits[reason];
  return limit === undefined ? reason : `${reason} (${limit})`;
}

const limits: Readonly<Record<string, string>> = {
  user_id_malformed: `1 to ${idBytesMax} bytes`,
  context_id_malformed: `1 to ${idBytesMax} bytes`,
  session_item_malformed: `1 to ${idBytesMax} bytes`,
  count_out_of_range: 'at least 1',
  too_many_excluded: `at most ${excludedMax}`,
  session_too_long: `at most ${sessionMax} items`,
  too_many_attributes: `at most ${attributesMax}`,
  attribute_too_long: `names and values of at most ${attributeBytesMax} bytes`,
  deadline_passed:
    'nobody waited any longer; --timeout sets how long, by the clock of this machine',
  page_token_not_ours: 'ask without --page for the first page',
  page_token_expired: 'a token is good for an hour: ask without --page for the first page',
  page_token_of_another: 'a token is of one user and context: ask as the answer was asked for',
  page_token_outdated: 'the context was changed: ask without --page for the first page',
};

function list(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

const wholeMax = 1_000_000;

export function whole(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > wholeMax) {
    throw new InvalidArgumentError(`must be a whole number from 1 to ${wholeMax}.`);
  }
  return number;
}
