import { planChanges } from '../../models/changes.ts';
import type { Parsed } from '../../models/definitions.ts';
import { versionsInUse } from '../../models/definitions.ts';
import type { Body } from './commands.ts';
import { planDraft } from './drafts.ts';
import {
  accepted,
  firstOf,
  quoted,
  refused,
  refusedFor,
  someOf,
  type Case,
  type Outcome,
} from './outcome.ts';
import {
  applyChanges,
  type Change,
  type ControlState,
  contextsOf,
  type DefinitionTopic,
  definitionTopics,
  experimentsOf,
  publication,
  runningOn,
  withdrawal,
} from './state.ts';

/**
 * How much may be published at a time: all of it is in one value, and in every reader's memory. A
 * decided experiment stays as a record for ever and counts by its content alone: were it counted
 * here, there would be no way to make room.
 */
export const limits = { models: 10_000, contexts: 1_000, experiments: 1_000 } as const;
export const contentBytesMax = 8 * 1024 * 1024;

interface File {
  readonly name: string;
  readonly text: string;
}

interface Plan {
  readonly changes: readonly Change[];
  readonly unchanged: readonly string[];
}

/** All or nothing. */
export const applyDefinitions = (at: Case, body: Body<'apply'>): Outcome => {
  const files = body.definitions.map((given, index) =>
    typeof given === 'string' ? { name: `definitions.${index}`, text: given } : given,
  );
  const planned = plan(at, files);
  if (!planned.ok) return refusedFor(planned.faults);
  const { changes, unchanged } = planned.value;
  const full = tooMuch(at.state, changes);
  if (full !== null) return refused(full);
  if (body.dryRun) {
    const would = changes.map(({ topic, record, revision }) => ({
      topic,
      name: record?.name,
      version: record?.version,
      revision,
    }));
    return accepted(`would publish ${counted(changes.length)}: nothing was changed`, [], {
      would,
      unchanged,
    });
  }
  const what =
    changes.length === 0
      ? `all ${counted(unchanged.length)} were there already`
      : `${counted(changes.length)} published, ${unchanged.length} unchanged`;
  return accepted(what, changes, { unchanged });
};

const counted = (n: number): string => (n === 1 ? '1 definition' : `${n} definitions`);

const plan = (at: Case, files: readonly File[]): Parsed<Plan> => {
  const { state, facts } = at;
  const drafts = files.filter(({ text }) => isExperiment(text));
  const others = files.filter((file) => !drafts.includes(file));
  const published = { models: state.models.live, contexts: state.contexts.live };
  const planned = planChanges(others, published, facts);
  if (!planned.ok) return planned;
  const changes = planned.value.changes.map(({ topic, key, record }) =>
    publication(state, topic, { key, version: record }),
  );
  const faults = changes.flatMap((change) => whyFixed(state, change));
  const unchanged = [...planned.value.unchanged];
  const next = drafts.length === 0 ? state : after(state, changes);
  const named = new Map<string, string>();
  for (const { name: file, text } of drafts) {
    const draft = planDraft({ ...at, state: next }, text);
    if (!draft.ok) {
      faults.push(...draft.faults.map((fault) => `${file}: ${fault}`));
      continue;
    }
    const { name, version, change } = draft.value;
    const other = named.get(name);
    if (other !== undefined) faults.push(`${file}: experiment '${name}' is in ${other} too`);
    named.set(name, file);
    if (change === null) unchanged.push(version);
    else changes.push(change);
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: { changes: inOrder(changes), unchanged } };
};

const inOrder = (changes: readonly Change[]): Change[] =>
  definitionTopics.flatMap((topic) => changes.filter((change) => change.topic === topic));

/** A context and a model's file have other fields of these names. */
const isExperiment = (text: string): boolean => {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && 'experiment' in json;
  } catch {
    return false;
  }
};

/** The state as it will be, without touching it as it is. */
const after = (state: ControlState, changes: readonly Change[]): ControlState => {
  const next = {
    models: { live: new Map(state.models.live), gone: new Map(state.models.gone) },
    contexts: { live: new Map(state.contexts.live), gone: new Map(state.contexts.gone) },
    experiments: state.experiments,
    settings: state.settings,
  };
  applyChanges(next, changes);
  return next;
};

/** Why a context must stay as it is: what is compared on it would not be the same any more. */
const whyFixed = (state: ControlState, { topic, key }: Change): string[] => {
  if (topic !== 'contexts') return [];
  const running = runningOn(state, key).map(({ definition }) => definition.experiment);
  if (running.length === 0) return [];
  return [
    `context '${key}' cannot change while experiment ${quoted(running)} runs on it: stop it first`,
  ];
};

/** Why the state would be too large with these changes; null: it would not. */
export const tooMuch = (state: ControlState, changes: readonly Change[]): string | null => {
  let bytes = 0;
  for (const topic of definitionTopics) {
    const { live } = state[topic];
    const own = changes.filter((change) => change.topic === topic);
    const fresh = own.filter(({ key }) => !live.has(key)).length;
    const { there, what, how } = countedOf(state, topic);
    if (fresh > 0 && there + fresh > limits[topic])
      return `nothing was changed: there would be ${there + fresh} ${what} and at most ${limits[topic]} are kept, so ${how} first`;
    for (const { content } of live.values()) bytes += content.length;
    for (const { key, record } of own)
      bytes += (record?.content.length ?? 0) - (live.get(key)?.content.length ?? 0);
  }
  if (bytes <= contentBytesMax || changes.length === 0) return null;
  return `nothing was changed: all definitions together would have ${bytes} characters and at most ${contentBytesMax} are kept, so delete some that are not in use first`;
};

const countedOf = (state: ControlState, topic: DefinitionTopic) =>
  topic === 'experiments'
    ? {
        there: experimentsOf(state).filter((one) => one.state !== 'decided').length,
        what: 'experiments that are not decided',
        how: 'delete drafts or decide what is stopped',
      }
    : {
        there: state[topic].live.size,
        what: topic,
        how: 'delete some that are not in use',
      };

export const retireContext = (at: Case, { context }: Body<'context.retire'>): Outcome => {
  const { state } = at;
  if (!state.contexts.live.has(context))
    return refused(
      `there is no context '${context}' to retire (there are ${someOf([...state.contexts.live.keys()])})`,
    );
  const change = withdrawal(state, 'contexts', context);
  const [why] = whyFixed(state, change);
  return why === undefined
    ? accepted(`context '${context}' is retired: requests for it are answered 'unknown_context'`, [
        change,
      ])
    : refused(why);
};

export const deleteModel = (at: Case, { version }: Body<'model.delete'>): Outcome => {
  const { state } = at;
  if (!state.models.live.has(version))
    return refused(
      `there is no model '${version}' to delete: look with \`npx freshet model list\``,
    );
  const contexts = contextsOf(state)
    .filter((context) => versionsInUse([context]).has(version))
    .map(({ context }) => context);
  if (contexts.length > 0)
    return refused(
      `model '${version}' is in use by ${contexts.length === 1 ? 'context' : 'contexts'} ${someOf(contexts)}: apply each with another model first`,
    );
  const experiments = experimentsOf(state)
    .filter(({ state: is }) => is !== 'decided')
    .filter(({ definition }) => definition.variants.some(({ model }) => model === version))
    .map(({ definition, state: is }) => `'${definition.experiment}' (${is})`);
  if (experiments.length > 0)
    return refused(
      `model '${version}' is in use by ${experiments.length === 1 ? 'experiment' : 'experiments'} ${firstOf(experiments)}: stop and decide what runs, delete what is a draft, first`,
    );
  return accepted(`model '${version}' is deleted`, [withdrawal(state, 'models', version)]);
};
