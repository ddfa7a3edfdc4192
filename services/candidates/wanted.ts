import { bucketOf, isHeldOut, variantOf } from '../../experiments/assignment.ts';
import type { Experiments } from '../../experiments/catalogue.ts';
import { type ExperimentRecord, experimentVersion } from '../../experiments/definition.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { versionsInUse } from '../../models/definitions.ts';
import type { PersonalModel } from '../../retrieval/personal-models.ts';
import type { Scope } from './warm-marks.ts';

/** Whether anybody would answer this user by this version. */
export type Wants = (version: string, userId: string, atMs: number) => boolean;

/**
 * What a context's ladder names is wanted for everybody; what experiments alone name, for users who
 * are in its variant, so that comparing two models takes half the lists of keeping both. A draft's
 * is wanted for those who will be: a variant whose lists began at the start would answer from the
 * next step at first, and be stopped for it.
 */
export function wantsOf(
  { contexts }: Pick<Catalogue, 'contexts'>,
  experiments: Pick<Experiments, 'all' | 'assign'>,
): Wants {
  const named = namedBy(contexts);
  const triedBy = new Map<string, ExperimentRecord[]>();
  for (const { record } of experiments.all.values()) {
    if (record.state !== 'draft' && record.state !== 'running') continue;
    for (const { model } of record.definition.variants) {
      const of = triedBy.get(model);
      if (of === undefined) triedBy.set(model, [record]);
      else of.push(record);
    }
  }
  return (version, userId, atMs) =>
    named.has(version) ||
    (triedBy.get(version) ?? []).some((record) =>
      record.state === 'draft'
        ? modelOnceStarted(record, userId) === version
        : experiments.assign(record.definition.context, userId, atMs)?.replaces?.model === version,
    );
}

/** The same as a value that can be kept and compared: whose lists of a version are wanted. */
export function scopesOf(
  { contexts }: Pick<Catalogue, 'contexts'>,
  experiments: Pick<Experiments, 'all'>,
): (version: string) => Scope {
  const named = namedBy(contexts);
  const triedBy = new Map<string, Set<string>>();
  for (const { record } of experiments.all.values()) {
    if (record.state !== 'draft' && record.state !== 'running') continue;
    const experiment = experimentVersion(record).version;
    for (const { model } of record.definition.variants)
      triedBy.set(model, (triedBy.get(model) ?? new Set()).add(experiment));
  }
  return (version) => (named.has(version) ? 'all' : [...(triedBy.get(version) ?? [])].toSorted());
}

/** As control will divide users; which buckets of the layer it will give is not known. */
function modelOnceStarted(record: ExperimentRecord, userId: string): string | null {
  const { layer, holdout, variants } = record.definition;
  if (isHeldOut(bucketOf(layer, userId), holdout)) return null;
  const variant = variantOf(experimentVersion(record).version, userId, variants);
  return variants.find((one) => one.variant === variant)?.model ?? null;
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
