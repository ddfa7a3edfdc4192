import type { Assigned, Experiments } from '../../experiments/catalogue.ts';
import type { LadderStep } from '../../models/definitions.ts';
import type { KeysAt, Read } from './reads.ts';
import {
  generationsOf,
  type PersonalModel,
  type SharedModel,
} from '../../retrieval/personal-models.ts';
import { weightsFoldName } from '../../retrieval/learned-weights.ts';
import type { ServedModels } from './models.ts';
import type { Rankings } from './rankings.ts';
import type { Accepted } from './request.ts';
import { missingFor, needsOf, type RuleNeeds } from './rule-needs.ts';
import type { ItemTable } from '../../models/item-table.ts';
import { RetryableError } from '../../lib/errors.ts';
import type { Generation, Generations } from '../../lib/stream/generations.ts';

/** Where the candidates of one step of the ladder come from. */
export type StepPlan =
  /** The model is not known here, or nothing has been learned for it yet. */
  | { readonly kind: 'none' }
  | { readonly kind: 'shared'; readonly model: SharedModel; readonly generation: Generation }
  | { readonly kind: 'list'; readonly model: PersonalModel; readonly key: string }
  | {
      readonly kind: 'session';
      readonly model: PersonalModel;
      readonly generations: readonly (Generation | undefined)[];
    };

/** What is kept of a user, and after how long it is forgotten; null: never. */
export interface KeptAt extends KeysAt {
  readonly horizonMs: number | null;
}

/** What has to be read before one request can be answered. */
export interface RequestPlan {
  readonly accepted: Accepted;
  /** The experiment that the user takes part in. */
  readonly assigned: Assigned | null;
  /** The context's; in an experiment with the model of the user's variant. */
  readonly ladder: readonly LadderStep[];
  readonly steps: readonly StepPlan[];
  readonly needs: RuleNeeds;
  /** Null: no rule of the context asks for it. */
  readonly seen: KeptAt | null;
  readonly served: KeptAt | null;
  /** Null: the request brought no session, and no rule asks for it. */
  readonly features: KeptAt | null;
}

export const foldNames = {
  seen: 'seen-items',
  served: 'served',
  features: 'user-features',
  candidates: 'candidates',
  weights: weightsFoldName,
} as const;

export interface PlanFacts {
  readonly models: Pick<ServedModels, 'get'>;
  readonly generations: Pick<Generations, 'get'>;
  readonly experiments: Pick<Experiments, 'assign'>;
  readonly items: Pick<ItemTable, 'knowsAttributes'>;
}

export const planRequest = (accepted: Accepted, facts: PlanFacts, atMs: number): RequestPlan => {
  const { user_id: user, session, consent } = accepted.request;
  const { context, rules } = accepted.context.definition;
  const { page } = accepted;
  const needs = consent ? needsOf(rules) : withoutUser(needsOf(rules));
  refuseUnknown(needs, facts);
  // A later page goes on with the list of the first, and with the variant that it was made in.
  const assigned = page === null ? assignedTo(accepted, facts, { context, atMs }) : page.assigned;
  const ladder = ladderFor(accepted.context.definition.ladder, assigned);
  const withSession = session.length > 0 && page === null;
  const looked = page === null ? ladder : [];
  return {
    accepted,
    assigned,
    ladder,
    needs,
    steps: looked.map(({ model }) =>
      planStep(model, { user: consent ? user : null, withSession, facts }),
    ),
    seen: needs.seen ? keptKeys(foldNames.seen, user, facts) : null,
    served: needs.served ? keptKeys(foldNames.served, user, facts) : null,
    features:
      (consent && withSession) || needs.profile ? keptKeys(foldNames.features, user, facts) : null,
  };
};

/** Without consent nothing of the user is looked at: rules that need it find nothing. */
const withoutUser = (needs: RuleNeeds): RuleNeeds => ({
  ...needs,
  seen: false,
  served: false,
  profile: false,
});

const assignedTo = (
  { request: { user_id: user, consent } }: Accepted,
  { experiments }: PlanFacts,
  { context, atMs }: { readonly context: string; readonly atMs: number },
): Assigned | null => (consent ? experiments.assign(context, user, atMs) : null);

/** A rule that cannot be judged stops the answer: an item is never shown on a guess. */
const refuseUnknown = (needs: RuleNeeds, { generations, items }: PlanFacts): void => {
  const missing = missingFor(needs, {
    isFolded: (fold) => generations.get(fold) !== undefined,
    knowsAttributes: (names) => items.knowsAttributes(names),
  });
  if (missing !== null) throw new RetryableError(missing);
};

/** Where the variant's model has nothing yet, the next step answers: the user stays in the variant. */
const ladderFor = (
  ladder: readonly LadderStep[],
  assigned: Assigned | null,
): readonly LadderStep[] => {
  const replaces = assigned?.replaces ?? null;
  if (replaces === null) return ladder;
  return ladder.map((step) =>
    step.step === replaces.step ? { ...step, model: replaces.model } : step,
  );
};

const planStep = (
  version: string,
  given: {
    /** Null: nothing of the user is looked at. */
    readonly user: string | null;
    readonly withSession: boolean;
    readonly facts: PlanFacts;
  },
): StepPlan => {
  const { generations, models } = given.facts;
  const model = models.get(version);
  if (model === undefined) return { kind: 'none' };
  if (model.kind === 'shared') {
    const generation = generations.get(model.learning);
    return generation === undefined ? { kind: 'none' } : { kind: 'shared', model, generation };
  }
  const learned = generationsOf(model, generations);
  if (given.withSession && learned !== null)
    return { kind: 'session', model, generations: learned };
  const lists = generations.get(foldNames.candidates);
  if (lists === undefined || given.user === null) return { kind: 'none' };
  return { kind: 'list', model, key: lists.row(model.listPrefix + given.user, given.user) };
};

const keptKeys = (fold: string, user: string, { generations }: PlanFacts): KeptAt | null => {
  const kept = generations.get(fold);
  if (kept === undefined) return null;
  const horizonMs = kept.current.horizonMs ?? null;
  return { header: kept.header(user), row: kept.row(user), horizonMs };
};

/** Names of the weights that the sessions of a batch are ranked by. */
export const weightsOf = (plans: readonly RequestPlan[]): ReadonlySet<string> =>
  new Set(
    plans.flatMap(({ steps }) =>
      steps.flatMap((step) => {
        const trainer = step.kind === 'session' ? step.model.retrieval.trainer : null;
        return trainer === null ? [] : [trainer.name];
      }),
    ),
  );

/** All keys of a batch, the rankings that are due included. */
export const keysOf = (
  plans: readonly RequestPlan[],
  rankings: Pick<Rankings, 'due'>,
  atMs: number,
): ReadonlySet<string> => {
  const keys = new Set<string>();
  for (const { seen, served, features, steps } of plans) {
    for (const pair of [seen, served, features]) {
      if (pair === null) continue;
      keys.add(pair.header);
      keys.add(pair.row);
    }
    for (const step of steps) {
      if (step.kind === 'list') keys.add(step.key);
      if (step.kind === 'shared')
        for (const key of rankings.due(step.model, step.generation, atMs)) keys.add(key);
    }
  }
  return keys;
};

/** Keeps the rankings that were read, for the answers of the next second. */
export const takeRankings = (
  plans: readonly RequestPlan[],
  rankings: Pick<Rankings, 'take'>,
  given: { readonly read: Read; readonly atMs: number },
): void => {
  const taken = new Set<string>();
  for (const { steps } of plans)
    for (const step of steps) {
      if (step.kind !== 'shared' || taken.has(step.model.learning)) continue;
      taken.add(step.model.learning);
      rankings.take(step.model, step.generation, given);
    }
};
