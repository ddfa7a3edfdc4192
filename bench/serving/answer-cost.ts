import { plainRequest } from '../../schemas/plain-request.ts';
import { Experiments } from '../../experiments/catalogue.ts';
import { draftOf, experimentVersion, parseExperiment } from '../../experiments/definition.ts';
import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import { answerBatch } from '../../services/serving/answering.ts';
import { replyOf } from '../../services/serving/reply.ts';
import type { Accepted } from '../../services/serving/request.ts';
import { median } from '../median.ts';
import { round } from '../stages.ts';
import { good } from './good.ts';
import { nowMs, stage, userOf, usersCount } from './stored-users.ts';

/** What assignment and rules add to one answer, without Kafka and Redis: medians of all rounds. */
export interface AnswerCost extends Added {
  /** The same of each kind's fastest round: what is left where nothing else disturbs. */
  readonly fastest_round: Added;
}

interface Added {
  /** An answer of 20 items from a list of 100, with no rule and no experiment. */
  readonly plain_us_per_answer: number;
  readonly assignment_us_per_answer: number;
  /** not-seen (100 items seen, 30 of them in the list) and available, as the shipped contexts have. */
  readonly rules_us_per_answer: number;
  /** With an attribute, own items and at most 3 per category besides. */
  readonly more_rules_us_per_answer: number;
  readonly assignment_and_rules_us_per_answer: number;
}

const perBatch = 50;
const shipped = [{ rule: 'not-seen', kinds: ['purchase'] }, { rule: 'available' }];
const more = [
  ...shipped,
  { rule: 'attribute', attribute: 'brand', forbid: { oneOf: ['b1', 'b2'] } },
  { rule: 'not-own', attribute: 'seller' },
  { rule: 'at-most', items: 3, per: 'category' },
];

export async function measureAnswerCost(rounds: number): Promise<AnswerCost> {
  const { versions, parts } = await stage();
  const [own = '', other = ''] = versions;
  const none = new Experiments();
  const running = experimentOn(own, other);
  const kindsOf = {
    plain: { parts: { ...parts, experiments: none }, requests: requestsTo(contextOf([], own)) },
    assigned: {
      parts: { ...parts, experiments: running },
      requests: requestsTo(contextOf([], own)),
    },
    ruled: {
      parts: { ...parts, experiments: none },
      requests: requestsTo(contextOf(shipped, own)),
    },
    more: { parts: { ...parts, experiments: none }, requests: requestsTo(contextOf(more, own)) },
    both: {
      parts: { ...parts, experiments: running },
      requests: requestsTo(contextOf(shipped, own)),
    },
  };
  const names = Object.keys(kindsOf) as (keyof typeof kindsOf)[];
  const took = new Map<string, number[]>(names.map((name) => [name, []]));
  // In turns, so that what else the machine does falls on all alike.
  for (let n = 0; n < rounds; n++)
    for (const name of names) {
      const { parts: with_, requests } = kindsOf[name];
      const before = process.cpuUsage();
      for (let at = 0; at < requests.length; at += perBatch)
        await answerBatch(requests.slice(at, at + perBatch), with_);
      const { user, system } = process.cpuUsage(before);
      took.get(name)?.push((user + system) / requests.length);
    }
  const settled = new Map([...took].map(([name, all]) => [name, all.slice(rounds >> 2)]));
  return { ...added(settled, median), fastest_round: added(settled, least) };
}

function added(
  took: ReadonlyMap<string, readonly number[]>,
  of: (values: readonly number[]) => number,
): Added {
  const us = (name: string): number => of(took.get(name) ?? []);
  return {
    plain_us_per_answer: round(us('plain')),
    assignment_us_per_answer: round(us('assigned') - us('plain')),
    rules_us_per_answer: round(us('ruled') - us('plain')),
    more_rules_us_per_answer: round(us('more') - us('plain')),
    assignment_and_rules_us_per_answer: round(us('both') - us('plain')),
  };
}

const least = (values: readonly number[]): number => Math.min(...values);

const contextOf = (rules: readonly object[], model: string): ContextDefinition =>
  good(
    parseContext(
      JSON.stringify({
        context: 'home',
        size: 20,
        atLeast: 5,
        rules,
        ladder: [{ step: 'own', model }],
      }),
    ),
  );

const requestsTo = (definition: ContextDefinition): Accepted[] =>
  Array.from({ length: usersCount }, (_, n) => ({
    kind: 'accepted',
    record: {
      topic: 'requests',
      partition: 0,
      offset: n,
      timestampMs: nowMs,
      key: null,
      value: null,
      headers: {},
    },
    reply: replyOf({}),
    request: plainRequest(userOf(n), 'home'),
    context: { version: 'home@0123456789ab', revision: 1, definition },
    wanted: definition.size,
    deadlineMs: null,
    page: null,
  }));

function experimentOn(own: string, other: string): Experiments {
  const definition = good(
    parseExperiment(
      JSON.stringify({
        experiment: 'nearer',
        context: 'home',
        step: 'own',
        variants: [
          { variant: 'as-it-is', model: own, weight: 0.5 },
          { variant: 'nearer', model: other, weight: 0.5 },
        ],
        holdout: 0.05,
        outcome: { kinds: ['purchase'] },
      }),
    ),
  );
  const experiments = new Experiments();
  experiments.take('nearer', {
    ...experimentVersion({
      ...draftOf(definition),
      state: 'running',
      salt: 'nearer@0123456789ab',
      ranges: [[0, 9_500]],
    }),
    revision: 1,
  });
  return experiments;
}
