import {
  draftOf,
  type ExperimentDefinition,
  type ExperimentRecord,
  experimentVersion,
  parseExperiment,
} from '../../experiments/definition.ts';
import { type ContextDefinition, type Parsed, parseModel } from '../../models/definitions.ts';
import { noSuchType } from '../../models/type-weights.ts';
import { type Case, percent, quoted, someOf } from './outcome.ts';
import { type Change, type ControlState, contextOf, experimentOf, publication } from './state.ts';

export interface PlannedDraft {
  readonly name: string;
  readonly version: string;
  /** Null: it is there already, just so. */
  readonly change: Change | null;
}

/** A draft from its JSON, with exact versions and the step's name; or every fault of it. */
export const planDraft = (at: Case, text: string): Parsed<PlannedDraft> => {
  const parsed = parseExperiment(text);
  if (!parsed.ok) return parsed;
  const given = parsed.value;
  const name = given.experiment;
  const there = experimentOf(at.state, name);
  if (there !== undefined && there.state !== 'draft') return planOfBegun(at.state, given, there);
  const resolved = resolve(at, given);
  if (!resolved.ok) return resolved;
  const version = experimentVersion(draftOf(resolved.value));
  const same = at.state.experiments.live.get(name)?.content === version.content;
  const change = same ? null : publication(at.state, 'experiments', { key: name, version });
  return { ok: true, value: { name, version: version.version, change } };
};

/** A file of an experiment that has begun may lie in its folder for ever, as long as it says the same. */
const planOfBegun = (
  state: ControlState,
  given: ExperimentDefinition,
  { definition, state: is }: ExperimentRecord,
): Parsed<PlannedDraft> => {
  const name = given.experiment;
  const filled = {
    ...given,
    step: given.step ?? definition.step,
    variants: given.variants.map((variant, at) => {
      const exact = definition.variants[at]?.model ?? '';
      return exact.startsWith(`${variant.model}@`) ? { ...variant, model: exact } : variant;
    }),
  } as ExperimentDefinition;
  const { version } = experimentVersion(draftOf(filled));
  if (version === experimentVersion(draftOf(definition)).version)
    return {
      ok: true,
      value: { name, version: state.experiments.live.get(name)?.version ?? '', change: null },
    };
  const what = is === 'running' ? 'runs and cannot change' : `is ${is} and cannot change any more`;
  return {
    ok: false,
    faults: [`experiment '${name}' ${what}: create one under another name`],
  };
};

const resolve = (at: Case, given: ExperimentDefinition): Parsed<ExperimentDefinition> => {
  const { state, facts } = at;
  const faults = given.outcome.kinds
    .filter((kind) => !facts.seen.kinds.includes(kind))
    .map((kind) => `outcome.kinds: ${noSuchType(kind, facts.seen.kinds)}`);
  const context = contextOf(state, given.context);
  if (context === undefined) {
    const some = someOf([...state.contexts.live.keys()]);
    faults.push(`context: there is no context '${given.context}' (there are ${some})`);
    return { ok: false, faults };
  }
  const step = given.step ?? context.ladder[0]?.step ?? '';
  const steps = context.ladder.map((one) => one.step);
  if (!steps.includes(step))
    faults.push(`step: '${given.context}' has no step '${step}' (there are ${quoted(steps)})`);
  const variants = given.variants.map((variant, index) => {
    const model = exactVersion(state, context, variant.model);
    const fault = model === null ? noModel(state, variant.model) : unusable(at, model);
    if (fault !== null) faults.push(`variants.${index}.model: ${fault}`);
    return { ...variant, model: model ?? variant.model };
  });
  if (given.traffic + given.holdout > 1)
    faults.push(
      `traffic: ${percent(given.traffic)} of the layer's users and a holdout of ${percent(given.holdout)} are more than all: ask for less of one`,
    );
  if (faults.length > 0) return { ok: false, faults };
  // Two names may be one version: what is between fields is looked at again.
  return parseExperiment(JSON.stringify({ ...given, step, variants }));
};

const noModel = ({ models }: ControlState, named: string): string =>
  `there is no model '${named}': apply it first (there are ${someOf([...models.live.keys()])})`;

/** A bare name is the version that the context serves, else the one published last. */
const exactVersion = (
  state: ControlState,
  { ladder }: ContextDefinition,
  model: string,
): string | null => {
  const { live } = state.models;
  if (model.includes('@')) return live.has(model) ? model : null;
  const own = (version: string): boolean => version.startsWith(`${model}@`);
  const served = ladder.map((one) => one.model).find(own);
  return served ?? [...live.keys()].findLast(own) ?? null;
};

/** Published by an older release, maybe: a context cannot be asked to serve what cannot be run. */
const unusable = ({ state, facts }: Case, version: string): string | null => {
  const parsed = parseModel(state.models.live.get(version)?.content ?? '', facts.kinds);
  return parsed.ok
    ? null
    : `'${version}' cannot be used here (${parsed.faults[0] ?? 'it has faults'})`;
};
