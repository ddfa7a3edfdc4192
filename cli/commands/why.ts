import { type Command, InvalidArgumentError } from 'commander';

import { now } from '../../lib/clock.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { readyModel } from '../../retrieval/personal-models.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { addAttribute, type Attributes } from '../attribute-flag.ts';
import { plainRequest } from '../../schemas/plain-request.ts';
import { readCatalogue } from '../data/definitions.ts';
import { print } from '../output.ts';
import { itemAttributesOf } from '../../models/rules.ts';
import { readItems } from '../why/items.ts';
import { recompute } from '../why/recompute.ts';
import { reportOf, type WhyReport } from '../why/report.ts';
import { readStated, spotOf, type Stated } from '../why/stated.ts';
import { textOf } from '../why/text.ts';

interface WhyFlags {
  readonly user?: string;
  readonly context?: string;
  readonly attribute: Attributes;
  readonly limit: number;
  readonly json?: boolean;
}

export function registerWhyCommand(program: Command): void {
  program
    .command('why')
    .argument('[answer-id]', 'an answer, as `freshet request` shows its id')
    .description('explain an answer, or what a user is recommended in a context')
    .option('--user <id>', 'for whom, instead of an answer')
    .option('--context <name>', 'and where')
    .option(
      '--attribute <name=value>',
      'what rules of the context may compare items with; may be given again',
      addAttribute,
      {},
    )
    .option('--limit <number>', 'rows of each table (the JSON has all)', whole, 10)
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      `
Of an answer it shows what was stated then; what sources proposed is recomputed as of now.
A source's rank is its own: 1 is what it likes best, - is an item that it only scored.`,
    )
    .action(why);
}

async function why(answerId: string | undefined, flags: WhyFlags): Promise<void> {
  const asked = askedFor(answerId, flags);
  const config = commonConfig();
  const report = await explain(config, asked);
  print({ json: flags.json === true }, report, textOf(report, { ...flags, nowMs: now() }));
}

type Asked =
  | { readonly answerId: string }
  | { readonly userId: string; readonly contextId: string; readonly attributes: Attributes };

function askedFor(answerId: string | undefined, flags: WhyFlags): Asked {
  const { user, context, attribute: attributes } = flags;
  if (answerId !== undefined) {
    if (Object.keys(attributes).length > 0)
      throw new UserError('an answer id has the attributes of its request: leave --attribute out');
    if (user !== undefined || context !== undefined)
      throw new UserError('name an answer id, or --user and --context, not both');
    spotOf(answerId);
    return { answerId };
  }
  if (user === undefined || context === undefined)
    throw new UserError('name an answer id, or --user and --context');
  return { userId: user, contextId: context, attributes };
}

async function explain(config: CommonConfig, asked: Asked): Promise<WhyReport> {
  const redis = await openRedis(config.redis);
  try {
    const [catalogue, stated] = await Promise.all([
      readCatalogue(config),
      'answerId' in asked ? readStated(config, asked.answerId) : null,
    ]);
    const request = requestOf(asked, stated);
    if (stated !== null && !catalogue.contexts.has(request.context_id))
      throw new UserError(withoutContext(stated));
    const definition = catalogue.contexts.get(request.context_id)?.definition;
    const items = await readItems(config, {
      terms: needTerms(catalogue, request.context_id),
      attributes: itemAttributesOf(definition?.rules ?? []),
    });
    const made = await recompute(request, { config, redis, catalogue, items });
    if (stated === null && !made.isKnown)
      throw new UserError(`nothing is known of user '${request.user_id}'`);
    return reportOf({ stated, request, made, items });
  } finally {
    await redis.close();
  }
}

function requestOf(asked: Asked, stated: Stated | null): Request {
  if ('userId' in asked)
    return { ...plainRequest(asked.userId, asked.contextId), attributes: asked.attributes };
  const answer = stated?.answer;
  return stated?.request ?? plainRequest(answer?.user_id ?? '', answer?.context_id ?? '');
}

const withoutContext = ({ answer }: Stated): string => {
  const reason = answer.reason === null ? '' : ` (${answer.reason})`;
  const context = `there is no context '${answer.context_id}'`;
  return `answer ${answer.answer_id} was ${answer.status}${reason}; ${context} to recompute it in`;
};

/** Whether a model of the context asks what items are about. */
const needTerms = ({ contexts, models }: Catalogue, contextId: string): boolean =>
  (contexts.get(contextId)?.definition.ladder ?? []).some(({ model: version }) => {
    const known = models.get(version);
    const ready = known === undefined ? undefined : readyModel(known, kinds);
    return ready?.kind === 'personal' && ready.retrieval.needsItems;
  });

function whole(given: string): number {
  if (!/^\d{1,5}$/.test(given)) throw new InvalidArgumentError('must be a whole number.');
  return Number(given);
}
