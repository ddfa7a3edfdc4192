import { partitionOf } from '../../lib/kafka/partitioner.ts';
import type { Emission, OutMessage } from '../../lib/stream/topology.ts';
import type { Exposure } from '../../schemas/generated/exposure.ts';
import type { ExternalCandidates } from '../../schemas/generated/external-candidates.ts';
import type { Interaction, MergedEvent } from '../../schemas/generated/interaction.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import {
  exposureKinds,
  forgetType,
  intoAttribute,
  isReserved,
  mergedType,
  mergeType,
} from '../../topics/reserved-types.ts';

/** An accepted event; where it came from is added when it is sent. */
export interface Accepted {
  readonly event: UserEvent;
  readonly appendedAtMs: number;
  /** Accepted events of this source partition so far, this one included. */
  readonly clock: number;
  /** Of a merge: what the anonymous user did. */
  readonly merged?: readonly MergedEvent[];
}

/** Full name of a topic, and how its values are written. */
export interface Target<T> {
  readonly topic: string;
  readonly partitions: number;
  readonly encode: (value: T) => Buffer;
}

export interface MessageOptions {
  readonly interactions: Target<Interaction>;
  /** Both are told of users who are to be forgotten. */
  readonly exposures: Target<Exposure>;
  readonly external: Target<ExternalCandidates>;
  /** What positions are named by there. */
  readonly reservedLineage: string;
}

interface From {
  readonly lineage: string;
  readonly partition: number;
}

type Out = { readonly out: Accepted; readonly offset: number };

export const interactionsEmission = (options: MessageOptions): Emission<Accepted> => ({
  topic: options.interactions.topic,
  partitions: options.interactions.partitions,
  ahead: (outs, { partition }) =>
    outs
      .filter(({ out }) => isReserved(out.event.type))
      .flatMap((one) => markersOf(one, { ...options, partition })),
  messages: (outs, from) =>
    outs.flatMap((one) =>
      interactionsOf(one, from, options).map((value): OutMessage => {
        const { user_id: key, appended_at: timestampMs } = value;
        const { topic, encode, partitions } = options.interactions;
        const partition = partitionOf(key, partitions);
        // Whenever it is emitted: the log is as old as what it holds.
        return { topic, partition, key, timestampMs, value: encode(value) };
      }),
    ),
});

/**
 * Mostly one. Of a merge one for each of the two users, each in its partition; where both lie in
 * one, one for both, because a reader takes one record per position.
 */
function interactionsOf(one: Out, from: From, options: MessageOptions): Interaction[] {
  const { partitions } = options.interactions;
  const { event, merged } = one.out;
  if (event.type === forgetType) return [reservedInteraction(one, from, {})];
  if (event.type !== mergeType) return [interactionOf(one, from)];
  const { user_id: anonymous, attributes } = event;
  const known = attributes[intoAttribute] ?? '';
  const isHere = partitionOf(known, partitions) === partitionOf(anonymous, partitions);
  const gets = { user_id: known, merged: merged ?? [], merged_from: isHere ? anonymous : null };
  const merge = reservedInteraction(one, from, gets);
  return isHere ? [merge] : [merge, reservedInteraction(one, from, { type: mergedType })];
}

const interactionOf = (
  { out: { event, appendedAtMs, clock }, offset }: Out,
  { lineage, partition }: From,
): Interaction => ({
  event_id: event.event_id,
  user_id: event.user_id,
  item_id: event.item_id,
  type: event.type,
  occurred_at: event.occurred_at,
  context_id: event.context_id,
  answer_id: event.answer_id,
  session_id: event.session_id,
  value: event.value,
  attributes: event.attributes,
  appended_at: appendedAtMs,
  event_clock: clock,
  merged: [],
  merged_from: null,
  lineage,
  source_partition: partition,
  source_offset: offset,
});

/** Nothing but what it is for: what else the event says would be kept for nothing. */
const reservedInteraction = (one: Out, from: From, change: Partial<Interaction>): Interaction => ({
  ...interactionOf(one, from),
  item_id: '',
  context_id: null,
  answer_id: null,
  session_id: null,
  value: null,
  attributes: {},
  ...change,
});

function markersOf(
  { out: { event, appendedAtMs }, offset }: Out,
  options: MessageOptions & { readonly partition: number },
): OutMessage[] {
  const { exposures, external, reservedLineage: lineage } = options;
  const { user_id: key, type } = event;
  const position = { lineage, source_partition: options.partition, source_offset: offset };
  const placed = ({ topic, partitions }: Pick<Target<unknown>, 'topic' | 'partitions'>) => ({
    topic,
    partition: partitionOf(key, partitions),
    key,
  });
  const kind = type === forgetType ? exposureKinds.forget : exposureKinds.merged;
  const exposure = exposures.encode({
    ...noExposure,
    ...position,
    user_id: key,
    kind,
    served_at: appendedAtMs,
  });
  const list = { source: '', user_id: key, items: [], computed_at: appendedAtMs };
  return [
    { ...placed(exposures), value: exposure },
    {
      ...placed(external),
      value: external.encode({ ...list, forgotten: position }),
    },
  ];
}

const noExposure = {
  answer_id: '',
  context_id: '',
  context_version: '',
  model_version: null,
  experiment: null,
  variant: null,
  answered_by: '',
  items: [],
  candidates_stale: false,
  wanted: 0,
  page: 0,
  predicted: false,
  enough: true,
  emptied: false,
  removed: {},
  credit_ms: null,
  outcome_kinds: [],
};
