import type { Experiments } from '../../experiments/catalogue.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { versionsInUse } from '../../models/definitions.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';

/** Whether anybody would answer this user by this version. */
export type Wants = (version: string, userId: string, atMs: number) => boolean;

/**
 * What a context's ladder names is wanted for everybody; what experiments alone name, for users who
 * are in its variant, so that comparing two models takes half the lists of keeping both. A draft's
 * is wanted for nobody: who is in it is known from its start on, and whoever asks without a list is
 * told by an exposure.
 */
export function wantsOf(
  { contexts }: Pick<Catalogue, 'contexts'>,
  experiments: Pick<Experiments, 'all' | 'assign'>,
): Wants {
  const named = namedBy(contexts);
  const tried = new Map<string, Set<string>>();
  for (const { record } of experiments.all.values()) {
    if (record.state !== 'running') continue;
    const { context, variants } = record.definition;
    for (const { model } of variants) {
      const of = tried.get(model);
      if (of === undefined) tried.set(model, new Set([context]));
      else of.add(context);
    }
  }
  return (version, userId, atMs) =>
    named.has(version) ||
    [...(tried.get(version) ?? [])].some(
      (context) => experiments.assign(context, userId, atMs)?.replaces?.model === version,
    );
}

/**
 * Those that a context's ladder names first: of models that share weights the first one's lists
 * train them, and these are made for everybody.
 */
export function namedFirst(
  models: readonly PersonalModel[],
  { contexts }: Pick<Catalogue, 'contexts'>,
): PersonalModel[] {
  const named = namedBy(contexts);
  const rank = ({ version }: PersonalModel): number => (named.has(version) ? 0 : 1);
  return models.toSorted((one, other) => rank(one) - rank(other));
}

const namedBy = (contexts: Catalogue['contexts']): ReadonlySet<string> =>
  versionsInUse([...contexts.values()].map(({ definition }) => definition));
