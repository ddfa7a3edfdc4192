import type { Candidate, PersonalRetrieval } from '../../models/model.ts';
import { lightShare, type PersonalModel } from '../../retrieval/personal-models.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import { readSeen, type SeenIndex } from '../../schemas/packed/seen-items.ts';
import type { Subject } from './candidates.ts';
import type { ServedBy } from './uses.ts';

/** Each exposure moves a factor by so much of the way: towards more where rules took too many. */
const shortStep = 0.02;
/** Half of a rise is gone after some 3,500 exposures that had enough. */
const enoughStep = 0.0002;

/**
 * How many times its configured depth a model's lists have to be, by what exposures say of its
 * rules. In memory, and of this process's partitions: it begins at 1, settles between 1 and the bound
 * by the share of answers that rules left short (1 in 100: half way), and loses nothing when it
 * is lost. What users have already is not told by it: their own lists allow for that.
 */
export class DepthFactors {
  readonly #timesMax: number;
  readonly #times = new Map<string, number>();

  constructor(timesMax: number) {
    this.#timesMax = timesMax;
  }

  times(version: string): number {
    return this.#times.get(version) ?? 1;
  }

  get timesMax(): number {
    return this.#timesMax;
  }

  note(version: string, isShort: boolean): void {
    const times = this.times(version);
    const next = isShort
      ? times + (this.#timesMax - times) * shortStep
      : times - (times - 1) * enoughStep;
    if (next > 1) this.#times.set(version, next);
  }

  /** Only these are in use: what was noted of others is forgotten. */
  keep(versions: ReadonlySet<string>): void {
    for (const version of this.#times.keys())
      if (!versions.has(version)) this.#times.delete(version);
  }
}

/** How a list of one user is made. */
export interface ListPlan {
  readonly retrieval: PersonalRetrieval;
  /** What is kept of the ranked candidates. */
  kept(candidates: readonly Candidate[]): readonly Candidate[];
}

/**
 * A list holds the model's depth of candidates that its user does not have yet, and those between
 * them that the user has: a rule against these then leaves enough. Light users' lists stay as they
 * are, so that they take no more memory.
 */
export function planList(
  model: PersonalModel,
  { profile, seen }: Pick<Subject, 'profile' | 'seen'>,
  given: {
    readonly times: number;
    readonly timesMax: number;
    /** Kinds of event, as bits, that some rule over this model holds against an item; 0: none. */
    readonly heldAgainst: number;
  },
): ListPlan {
  const { retrieval, deep } = model;
  const plain: ListPlan = { retrieval, kept: (candidates) => candidates };
  if (deep === undefined || given.timesMax <= 1) return plain;
  const lightMax = deep.depth * lightShare;
  const mayHaveMuch = given.heldAgainst !== 0 && profile.recents.length > lightMax;
  const had = mayHaveMuch ? readSeen(seen) : nothing;
  const wanted = Math.ceil(deep.depth * given.times);
  if (wanted <= deep.depth && had.size <= lightMax) return plain;
  const most = Math.ceil(deep.depth * given.timesMax);
  return {
    retrieval: deep.retrieval(given.timesMax),
    kept: (candidates) =>
      cut(candidates, { has: (id) => had.has(id, given.heldAgainst, 0), wanted, most }),
  };
}

const nothing: SeenIndex = { size: 0, since: null, has: () => false };

const cut = (
  candidates: readonly Candidate[],
  {
    has,
    wanted,
    most,
  }: {
    readonly has: (itemId: string) => boolean;
    readonly wanted: number;
    readonly most: number;
  },
): readonly Candidate[] => {
  let others = 0;
  let length = 0;
  while (length < candidates.length && length < most && others < wanted) {
    if (!has(candidates[length]?.itemId ?? '')) others += 1;
    length += 1;
  }
  return candidates.slice(0, length);
};

/**
 * Whether the model asked first came short by rules. What the user has, and what a request
 * excludes, does not count: the one is allowed for per user, the other is the asker's matter.
 */
export function noteDepth(
  served: ServedBy & Pick<Exposure, 'page' | 'predicted' | 'enough' | 'removed'>,
  to: {
    readonly factors: DepthFactors;
    readonly models: {
      personal(): readonly Pick<PersonalModel, 'version' | 'deep'>[];
      askedFirst(served: ServedBy): string | null;
    };
    readonly counted: { depth(version: string, wanted: number): void };
  },
): void {
  // A later page has what the first left.
  if (served.page > 0) return;
  const version = to.models.askedFirst(served);
  const depth = to.models.personal().find((model) => model.version === version)?.deep?.depth;
  if (version === null || depth === undefined) return;
  const byRules = Object.entries(served.removed).some(
    ([rule, removed]) => removed > 0 && rule !== 'not-seen' && rule !== 'exclude',
  );
  to.factors.note(version, byRules && (!served.predicted || !served.enough));
  to.counted.depth(version, Math.ceil(depth * to.factors.times(version)));
}
