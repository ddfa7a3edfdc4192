import { buckets } from '../../experiments/assignment.ts';
import { type ExperimentRecord, experimentVersion } from '../../experiments/definition.ts';
import { type ContextDefinition, contextVersion } from '../../models/definitions.ts';
import type { Body } from './commands.ts';
import { planDraft } from './drafts.ts';
import { tooMuch } from './judge-definitions.ts';
import { judgementOf } from './judgement.ts';
import { bucketsOf, firstFit, freeRanges, sizeOf } from './layers.ts';
import {
  accepted,
  type Case,
  type Outcome,
  percent,
  quoted,
  refused,
  refusedFor,
  someOf,
} from './outcome.ts';
import {
  type Change,
  type ControlState,
  contextOf,
  experimentOf,
  experimentsOf,
  publication,
  runningOn,
  withdrawal,
} from './state.ts';

export const createExperiment = (at: Case, { definition }: Body<'experiment.create'>): Outcome => {
  const text = typeof definition === 'string' ? definition : JSON.stringify(definition);
  const planned = planDraft(at, text);
  if (!planned.ok) return refusedFor(planned.faults);
  const { name, change } = planned.value;
  if (change === null) return accepted(`experiment '${name}' is there already, just so`, []);
  const full = tooMuch(at.state, [change]);
  if (full !== null) return refused(full);
  return accepted(
    change.revision === 1
      ? `experiment '${name}' is drafted: start it with \`npx freshet experiment start ${name}\``
      : `the draft of experiment '${name}' is replaced`,
    [change],
  );
};

export const startExperiment = (
  at: Pick<Case, 'state' | 'atMs'>,
  { experiment }: Body<'experiment.start'>,
): Outcome => {
  const { state, atMs } = at;
  const record = experimentOf(state, experiment);
  if (record === undefined) return noSuch(at, experiment);
  if (record.state !== 'draft')
    return refused(
      `experiment '${experiment}' is ${record.state} and starts only once: create another one`,
    );
  const { definition } = record;
  const context = contextOf(state, definition.context);
  const why = cannotStart(at, record, context);
  if (why !== null) return refused(why);
  const room = giveRoom(state, record);
  if ('why' in room) return refused(room.why);
  const version = experimentVersion(record);
  const running: ExperimentRecord = {
    ...record,
    state: 'running',
    salt: version.version,
    ranges: room.ranges,
    contextVersion: state.contexts.live.get(definition.context)?.version ?? null,
    startedAtMs: atMs,
  };
  return accepted(
    `experiment '${experiment}' runs on '${definition.context}' with ` +
      `${percent(definition.traffic)} of the users of layer '${definition.layer}'`,
    [publicationOf(state, running)],
    { ranges: room.ranges },
  );
};

const cannotStart = (
  { state, atMs }: Pick<Case, 'state' | 'atMs'>,
  { definition }: ExperimentRecord,
  context: ContextDefinition | undefined,
): string | null => {
  const { experiment, endsAt, step, variants } = definition;
  if (context === undefined)
    return `experiment '${experiment}' cannot start: there is no context '${definition.context}' any more, so apply it again first`;
  if (!context.ladder.some((one) => one.step === step))
    return `experiment '${experiment}' cannot start: '${context.context}' has no step '${step}' any more, so create the draft again with one of ${quoted(context.ladder.map((one) => one.step))}`;
  if (endsAt !== undefined && Date.parse(endsAt) <= atMs)
    return `experiment '${experiment}' cannot start: its endsAt (${endsAt}) has passed, so create the draft again with a later one`;
  const missing = variants.map(({ model }) => model).filter((one) => !state.models.live.has(one));
  return missing.length === 0
    ? null
    : `experiment '${experiment}' cannot start: there is no model ${quoted(missing)} any more, so apply it again first`;
};

/** Buckets of the layer that nobody else has, or why there are not enough. */
const giveRoom = (
  state: ControlState,
  { definition }: ExperimentRecord,
): { readonly ranges: ExperimentRecord['ranges'] } | { readonly why: string } => {
  const { experiment, context, layer, holdout, traffic } = definition;
  const elsewhere = runningOn(state, context).find((one) => one.definition.layer !== layer);
  if (elsewhere !== undefined) {
    const { definition: other } = elsewhere;
    return {
      why: `experiment '${experiment}' cannot start: a user of '${context}' could be in two at once, because '${other.experiment}' runs there in layer '${other.layer}', so create the draft again in that layer`,
    };
  }
  const others = experimentsOf(state).filter(
    (one) => one.state === 'running' && one.definition.layer === layer,
  );
  const unlike = others.find((one) => one.definition.holdout !== holdout);
  if (unlike !== undefined) {
    const { definition: other } = unlike;
    return {
      why: `experiment '${experiment}' cannot start: '${other.experiment}' runs in layer '${layer}' with a holdout of ${other.holdout}, so create the draft again with the same holdout`,
    };
  }
  const free = freeRanges(others, holdout);
  const ranges = firstFit(free, Math.max(1, bucketsOf(traffic)));
  if (ranges !== null) return { ranges };
  const named = others.map((one) => one.definition.experiment);
  const kept = holdout === 0 ? '' : ` beside its holdout of ${percent(holdout)}`;
  const isShared = others.some((one) => one.definition.context === context);
  return {
    why:
      `experiment '${experiment}' cannot start: it asks for ${percent(traffic)} of layer '${layer}' and ` +
      `${percent(sizeOf(free) / buckets)} are free${kept}, so ask for less traffic` +
      (named.length === 0 ? '' : `, or stop ${quoted(named)}`) +
      // Experiments of one context share a layer.
      (isShared || named.length === 0 ? '' : ', or take another layer'),
  };
};

export const stopExperiment = (at: Case, body: Body<'experiment.stop'>): Outcome => {
  const { state, atMs } = at;
  const { experiment, variant = null, why, confirmedBy } = body;
  const record = experimentOf(state, experiment);
  if (record === undefined) return noSuch(at, experiment);
  if (record.state !== 'running')
    return refused(
      `experiment '${experiment}' is ${record.state}: there is nothing to stop, ` +
        (record.state === 'draft' ? 'so start it first, or delete it' : 'as it has ended already'),
    );
  const names = record.definition.variants.map((one) => one.variant);
  if (variant !== null && !names.includes(variant))
    return refused(
      `experiment '${experiment}' has no variant '${variant}': name one of ${quoted(names)}`,
    );
  if (variant !== null && record.stops.some((stop) => stop.variant === variant))
    return refused(`variant '${variant}' of experiment '${experiment}' is stopped already`);
  const stops = [...record.stops, { variant, why }];
  const left = names.filter((one) => !stops.some((stop) => stop.variant === one));
  const [control = ''] = names;
  const nothingLeft = variant !== null && (left.length < 2 || !left.includes(control));
  if (nothingLeft) stops.push({ variant: null, why: 'nothing was left to compare' });
  const whole = variant === null || nothingLeft;
  const next: ExperimentRecord = whole
    ? { ...record, stops, state: 'stopped', stoppedAtMs: atMs }
    : { ...record, stops };
  const by = confirmedBy === undefined ? '' : ' by its guardrail';
  const what =
    variant === null
      ? `experiment '${experiment}' is stopped${by}`
      : `variant '${variant}' of experiment '${experiment}' is stopped${by}` +
        (nothingLeft ? ', and with it the experiment, as nothing is left to compare' : '');
  return accepted(`${what}: ${why}`, [publicationOf(state, next)]);
};

export const decideExperiment = (at: Case, body: Body<'experiment.decide'>): Outcome => {
  const { state } = at;
  const { experiment, winner, sentence, promote } = body;
  const record = experimentOf(state, experiment);
  if (record === undefined) return noSuch(at, experiment);
  if (record.state === 'running')
    return refused(`experiment '${experiment}' runs: stop it before it is decided`);
  if (record.state !== 'stopped')
    return refused(
      `experiment '${experiment}' is ${record.state}: only a stopped one is decided, ` +
        (record.state === 'draft'
          ? 'so start and stop it first, or delete it'
          : 'and once, so create another one'),
    );
  const names = record.definition.variants.map((one) => one.variant);
  if (winner !== null && !names.includes(winner))
    return refused(
      `experiment '${experiment}' has no variant '${winner}': name one of ${quoted(names)}`,
    );
  if (winner !== null && record.definition.mode === 'aa' && judgementOf(at) >= 2)
    return refused(
      `experiment '${experiment}' is an A/A test: its variants are one model, so decide it without a winner`,
    );
  if (promote && winner === null)
    return refused(`experiment '${experiment}' has no winner to promote: leave promotion out`);
  const promoted = promote ? promotionOf(state, record, winner) : null;
  if (promoted !== null && 'why' in promoted) return refused(promoted.why);
  const next: ExperimentRecord = {
    ...record,
    state: 'decided',
    decision: { winner, sentence, promoted: promoted?.version ?? null },
  };
  const what = winner === null ? 'without a winner' : `'${winner}' won`;
  const where =
    promoted === null ? '' : `, and its model serves '${record.definition.context}' now`;
  return accepted(`experiment '${experiment}' is decided: ${what}${where} (${sentence})`, [
    publicationOf(state, next),
    ...(promoted?.changes ?? []),
  ]);
};

type Promotion =
  | { readonly version: string; readonly changes: readonly Change[] }
  | { readonly why: string };

/** The context with the winner's model at the experiment's step. */
const promotionOf = (
  state: ControlState,
  { definition, stops, contextVersion: startedWith }: ExperimentRecord,
  winner: string | null,
): Promotion => {
  const { experiment, context: name, step } = definition;
  const context = contextOf(state, name);
  const model = definition.variants.find((one) => one.variant === winner)?.model ?? '';
  const there = state.contexts.live.get(name);
  const cannot = `'${winner}' of experiment '${experiment}' cannot be promoted:`;
  const stop = stops.find(({ variant }) => variant !== null && variant === winner);
  if (stop !== undefined)
    return {
      why: `${cannot} it was stopped (${stop.why}), so decide without promotion, or run a new experiment with it`,
    };
  if (context === undefined || there === undefined)
    return { why: `${cannot} there is no context '${name}' any more, so decide without promotion` };
  if (!context.ladder.some((one) => one.step === step))
    return {
      why: `${cannot} '${name}' has no step '${step}' any more, so apply a context by hand`,
    };
  if (!state.models.live.has(model))
    return { why: `${cannot} there is no model '${model}' any more, so apply it again first` };
  const running = runningOn(state, name).map((one) => one.definition.experiment);
  if (running.length > 0)
    return { why: `${cannot} ${quoted(running)} runs on '${name}', so stop that first` };
  // What was decided of the context since the stop is not for an older experiment to take back.
  if (startedWith !== null && startedWith !== there.version)
    return {
      why: `${cannot} '${name}' has changed since '${experiment}' started, so decide without promotion, or run a new experiment on it as it is now`,
    };
  const ladder = context.ladder.map((one) => (one.step === step ? { ...one, model } : one));
  const version = contextVersion({ ...context, ladder });
  if (version.version === there.version) return { version: there.version, changes: [] };
  const change = publication(state, 'contexts', { key: name, version });
  return { version: version.version, changes: [change] };
};

export const deleteExperiment = (at: Case, { experiment }: Body<'experiment.delete'>): Outcome => {
  const record = experimentOf(at.state, experiment);
  if (record === undefined) return noSuch(at, experiment);
  if (record.state !== 'draft')
    return refused(
      `experiment '${experiment}' is ${record.state} and stays as a record: only drafts are deleted, so ${record.state === 'running' ? 'stop it' : 'leave it'}`,
    );
  return accepted(`the draft of experiment '${experiment}' is deleted`, [
    withdrawal(at.state, 'experiments', experiment),
  ]);
};

const publicationOf = (state: ControlState, record: ExperimentRecord): Change =>
  publication(state, 'experiments', {
    key: record.definition.experiment,
    version: experimentVersion(record),
  });

const noSuch = ({ state }: Pick<Case, 'state'>, experiment: string): Outcome => {
  const there = [...state.experiments.live.keys()];
  const cure = there.length === 0 ? 'create one first' : 'name another one';
  return refused(`there is no experiment '${experiment}': ${cure} (there are ${someOf(there)})`);
};
