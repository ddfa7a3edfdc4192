import { type Command, InvalidArgumentError } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import {
  attributeBytesMax,
  attributesMax,
  excludedMax,
  idBytesMax,
  sessionMax,
} from '../../services/serving/request.ts';
import { addAttribute, type Attributes } from '../attribute-flag.ts';
import { type Answer, openAsker } from '../data/asking.ts';
import { textTable } from '../data/text-table.ts';
import { readTitles } from '../data/titles.ts';
import { print } from '../output.ts';

interface RequestFlags {
  readonly user: string;
  readonly context: string;
  readonly count?: number;
  readonly exclude: readonly string[];
  readonly session: readonly string[];
  readonly attribute: Attributes;
  readonly page?: string;
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
  const [asker, titles] = await Promise.all([
    openAsker(config),
    wanted ? readTitles(config) : new Map<string, string>(),
  ]);
  const answer = await asker.ask(
    {
      user_id: flags.user,
      context_id: flags.context,
      count: flags.count ?? null,
      exclude: flags.exclude,
      session: flags.session,
      deadline_at: null,
      attributes: flags.attribute,
      page_token: flags.page ?? null,
    },
    flags.timeout,
  );
  if (answer === null) {
    throw new UserError(
      `no answer within ${flags.timeout} ms: is serving running? (\`npx freshet lag\`)`,
    );
  }
  const { recommendation, tookMs } = answer;
  if (recommendation.status !== 'ok') process.exitCode = 1;
  const items = recommendation.items.map((item) =>
    wanted ? { ...item, title: titles.get(item.item_id) ?? null } : item,
  );
  print(
    { json: asJson },
    { ...recommendation, items, took_ms: Math.round(tookMs) },
    text(answer, titles),
  );
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
  page_token_not_ours: 'ask without --page for the first page',
  page_token_expired: 'a token is good for an hour: ask without --page for the first page',
  page_token_of_another: 'a token is of one user and context: ask as the answer was asked for',
  page_token_outdated: 'the context was changed: ask without --page for the first page',
};

function list(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
}
