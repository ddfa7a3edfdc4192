import {
  type Fold,
  type FoldContext,
  type Gone,
  gone,
  type Input,
  type Position,
} from '../../lib/stream/topology.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { valueUnits } from '../../schemas/packed/experiment-partials.ts';
import { interactionsInput, reservedFields } from '../../topics/interactions-input.ts';
import { preparedBy, type ValueDecoder } from '../../topics/placed-input.ts';
import { repartitionedAt } from '../../topics/repartitioned-exposures.ts';
import { exposureKinds, forgetType, isReserved } from '../../topics/reserved-types.ts';
import {
  type Act,
  armIn,
  forget,
  lastOfUserMs,
  markLeaving,
  type Shown,
  takeExposure,
  takeInteraction,
} from './credit.ts';
import { hash48, hashOrNone } from './hash.ts';
import { type Partials, partialsCodec } from './partials.ts';
import { emptyUser, userLayout, type UserRow, userRows } from './user-row.ts';

/** The fields of an interaction that are looked at. */
export const outcomeFields = [
  'user_id',
  'item_id',
  'occurred_at',
  'context_id',
  'answer_id',
  'value',
  'appended_at',
  'lineage',
  'source_partition',
  'source_offset',
  ...reservedFields,
] as const satisfies readonly (keyof Interaction)[];
export type OutcomeInteraction = Pick<Interaction, (typeof outcomeFields)[number]>;

/** And of an exposure. */
export const shownFields = [
  'answer_id',
  'user_id',
  'context_id',
  'experiment',
  'variant',
  'items',
  'served_at',
  'wanted',
  'page',
  'predicted',
  'enough',
  'emptied',
  'removed',
  'credit_ms',
  'outcome_kinds',
  'kind',
  'lineage',
  'source_partition',
  'source_offset',
] as const satisfies readonly (keyof Exposure)[];
export type ShownExposure = Pick<Exposure, (typeof shownFields)[number]>;

export interface ExperimentsOptions {
  readonly interactions: {
    /** Full name of the topic. */
    readonly topic: string;
    /** Lineage of the ingest generation that is read. */
    readonly lineage: string;
    readonly decoder: ValueDecoder<OutcomeInteraction>;
  };
  readonly exposures: {
    readonly topic: string;
    /** What ingest names its positions there by. */
    readonly lineage: string;
    readonly decoder: ValueDecoder<ShownExposure>;
    /** Left out: serving writes to the topic itself. */
    readonly through?: { readonly topic: string; readonly fold: string };
  };
  readonly latenessMs: number;
  /** A user counts as unknown after this long without an interaction or an answer. */
  readonly horizonMs: number;
}

type Either = OutcomeInteraction | ShownExposure;
type Context = FoldContext<never, Partials>;

/** What credit is kept for at most; what an exposure says beyond counts as this. */
export const creditMsMax = 28 * 86_400_000;

/**
 * Who saw what in which experiment, and what they did within the time it is credited for. A row per
 * user, and sums over users per experiment, variant and time of first exposure, which grow as
 * outcomes come and are believed once that time is over (schemas/packed/experiment-figures.ts).
 */
export function experimentsFold(
  options: ExperimentsOptions,
): Fold<Either, UserRow, never, Partials> {
  const { latenessMs, horizonMs } = options;
  return {
    name: 'experiments',
    code: 'e',
    revision: 2,
    layout: userLayout,
    config: { latenessMs },
    family: 'user',
    input: interactionsInput<OutcomeInteraction>(options.interactions),
    ahead: exposuresInput(options.exposures),
    rows: userRows,
    shared: partialsCodec,
    cacheBytesMax: 0,
    emission: null,
    horizon: {
      ms: horizonMs,
      lastMs: lastOfUserMs,
      unitMs: (input) => Math.max(0, 'items' in input ? input.served_at : input.appended_at),
    },
    fold: (row, { input }, context) =>
      'items' in input
        ? foldExposure(row, input, context)
        : foldInteraction(row, input, { partials: context.shared, latenessMs }),
  };
}

/** Users who are merged keep their part in experiments under the name that they had in it. */
function foldInteraction(
  row: UserRow | undefined,
  input: OutcomeInteraction,
  given: { readonly partials: Partials; readonly latenessMs: number },
): UserRow | null | Gone {
  if (input.type === forgetType) {
    const at = { event: eventOf(input), appendedMs: Math.max(0, input.appended_at) };
    return forget(row ?? emptyUser(), at, given) ?? gone;
  }
  if (isReserved(input.type)) return null;
  return takeInteraction(row, actOf(input), given);
}

const accepted = { kind: 'accept' } as const;

/**
 * An exposure outside experiments moves the time of its topic only: all of them have one key, so
 * that nobody's row is read for it. Duplicates are known by their answer.
 */
const exposuresInput = ({
  topic,
  lineage,
  decoder,
  through,
}: ExperimentsOptions['exposures']): Input<ShownExposure> => ({
  topic,
  lineage,
  ...(through === undefined ? {} : { through }),
  ...preparedBy(decoder),
  decode: ({ value, timestampMs, headers }) => {
    const decoded = decoder.decode(value);
    if (!decoded.ok) {
      const { reason, detail } = decoded;
      return { verdict: { kind: 'reject', reason, detail } };
    }
    // When it came to its log, and not what the clock of whoever served it said.
    const input = { ...decoded.value, served_at: Math.max(0, timestampMs) };
    const isAnswer = input.kind === exposureKinds.answer;
    const key = isAnswer && input.experiment === null ? '' : input.user_id;
    const position = isAnswer ? null : (repartitionedAt(headers, lineage) ?? positionOf(input));
    return { verdict: accepted, units: [{ input, key, position }] };
  },
});

/** An event of `user-events`, as both logs name it. */
const eventOf = (at: Pick<Exposure, 'source_partition' | 'source_offset'>): number =>
  hash48(`${at.source_partition}/${at.source_offset}`);

const positionOf = (input: ShownExposure): Position => ({
  lineage: input.lineage,
  partition: input.source_partition,
  offset: input.source_offset,
});

const actOf = (given: OutcomeInteraction): Act => ({
  appendedMs: Math.max(0, given.appended_at),
  occurredMs: Math.max(0, given.occurred_at),
  item: hash48(given.item_id),
  kind: hash48(given.type),
  answer: hashOrNone(given.answer_id),
  context: hashOrNone(given.context_id),
  value: unitsOf(given.value),
});

/** Whole hundredths, within what a row has room for. */
const unitsOf = (value: number | null): number => {
  const units = Math.round((value ?? 0) * valueUnits);
  return Number.isFinite(units) ? Math.max(-valueMax, Math.min(valueMax, units)) : 0;
};
const valueMax = 10 ** 11;

function foldExposure(
  row: UserRow | undefined,
  given: ShownExposure,
  context: Context,
): UserRow | null {
  const { shared: partials } = context;
  const atMs = partials.passExposure(given.served_at);
  if (given.kind === exposureKinds.forget)
    return row === undefined ? null : markLeaving(row, eventOf(given));
  const { experiment, variant } = given;
  if (experiment === null || variant === null) return null;
  const shown = shownOf(given, { experiment, variant, atMs });
  const user = row ?? emptyUser();
  const before = armIn(user, shown.experiment)?.answers.size ?? 0;
  const begun = {
    experiment,
    variant,
    context: given.context_id,
    creditMs: shown.creditMs,
    kinds: given.outcome_kinds,
  };
  const taken = takeExposure(user, shown, { partials, begin: (arm) => partials.enter(arm, begun) });
  if (taken === 'unplaced') partials.unplaced();
  if (taken === 'counted')
    partials.answer(shown, { ...given, servedMs: atMs, before, items: shown.items });
  if (taken === 'counted' || taken === 'multiple') return user;
  context.skip(taken);
  return null;
}

const shownOf = (
  given: ShownExposure,
  own: { readonly experiment: string; readonly variant: string; readonly atMs: number },
): Shown => ({
  experiment: hash48(own.experiment),
  variant: hash48(own.variant),
  context: hash48(given.context_id),
  creditMs: Math.max(0, Math.min(creditMsMax, given.credit_ms ?? 0)),
  answer: hash48(given.answer_id),
  items: given.items.map(({ item_id: itemId }) => hash48(itemId)),
  atMs: own.atMs,
});
