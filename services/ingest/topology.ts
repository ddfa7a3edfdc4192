import { type Decoded, byteRows, type Fold, gone, type Input } from '../../lib/stream/topology.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { preparedBy, type ValueDecoder } from '../../topics/placed-input.ts';
import { forgetType, mergeType } from '../../topics/reserved-types.ts';
import { type EventLimits, isAnonymous, judgeEvent } from './ingest.ts';
import { keepEvent, keptEvents, keptLayout, newestKeptMs } from './kept-events.ts';
import { type Accepted, interactionsEmission, type MessageOptions } from './messages.ts';
import { type Ring, remember, ringCodec, ringLayout } from './ring.ts';

export type { Accepted } from './messages.ts';

export interface IngestOptions extends MessageOptions {
  /** Full name of the topic `user-events`. */
  readonly topic: string;
  readonly decoder: ValueDecoder<UserEvent>;
  readonly limits: EventLimits;
  /** The decoder's limit, where it is not the default: what it refuses is part of the result. */
  readonly valueBytesMax?: number;
  /** Event ids remembered per partition. */
  readonly idsMax: number;
  /** Events kept of an anonymous user. */
  readonly mergedEventsMax: number;
  /** Of anonymous users; after so long without an event nothing is kept of one. */
  readonly horizonMs: number;
  /** Of internal topics, that interactions go to. */
  readonly set: number;
}

/** Events in, interactions out: valid, not a duplicate, in their user's partition. */
export function ingestFold(options: IngestOptions): Fold<UserEvent, Buffer, Accepted, Ring> {
  const { limits, idsMax, mergedEventsMax, horizonMs, valueBytesMax, set } = options;
  const { partitions } = options.interactions;
  // What was emitted to the topic of one set is not on that of another.
  const target = set === 1 ? { partitions } : { partitions, set };
  const size = valueBytesMax === undefined ? {} : { valueBytesMax };
  const { types, anonymousPrefix, ...bounds } = limits;
  const sorted = [...types].toSorted();
  const keeps = anonymousPrefix !== '';
  const anonymous = { anonymousPrefix, mergedEventsMax, keptLayout };
  return {
    name: 'ingest',
    code: 'i',
    revision: 2,
    layout: ringLayout,
    // Nothing changes where no user is anonymous, and the size is the default.
    config: {
      ...bounds,
      types: sorted,
      idsMax,
      ...target,
      ...size,
      ...(keeps ? { anonymous } : {}),
    },
    family: 'source',
    input: userEventsInput(options),
    rows: byteRows,
    shared: ringCodec(idsMax),
    cacheBytesMax: 0,
    emission: interactionsEmission(options),
    horizon: keeps ? { ms: horizonMs, lastMs: newestKeptMs, unitMs: atMsOf } : null,
    fold: (row, { input: event }, { shared: ring, record, emit, skip }) => {
      // Only accepted ids are remembered, so that a repaired event is not taken for a duplicate.
      if (!remember(ring, event.event_id)) {
        skip('duplicate');
        return null;
      }
      const accepted = { event, appendedAtMs: record.timestampMs, clock: ring.clock };
      const isMerge = event.type === mergeType;
      emit(isMerge ? { ...accepted, merged: keptEvents(row, sorted) } : accepted);
      if (isMerge || event.type === forgetType) return gone;
      if (!isAnonymous(event.user_id, limits)) return null;
      const typeIndex = sorted.indexOf(event.type);
      return keepEvent(
        row,
        { itemId: event.item_id, typeIndex, atMs: atMsOf(event) },
        mergedEventsMax,
      );
    },
  };
}

/** A time before 1970 would not fit the layout. */
const atMsOf = ({ occurred_at: atMs }: UserEvent): number => Math.max(0, atMs);

function userEventsInput({ topic, decoder, limits }: IngestOptions): Input<UserEvent> {
  return {
    topic,
    lineage: null,
    ...preparedBy(decoder),
    decode: ({ value, timestampMs }): Decoded<UserEvent> => {
      const decoded = decoder.decode(value);
      if (!decoded.ok) {
        const { reason, detail } = decoded;
        return { verdict: { kind: 'reject', reason, detail } };
      }
      const event = decoded.value;
      const verdict = judgeEvent(event, timestampMs, limits);
      if (verdict.kind !== 'accept') return { verdict };
      // But of anonymous users all state is the partition's ring: the others have no row, and one key.
      const key = isAnonymous(event.user_id, limits) ? event.user_id : '';
      return { verdict, units: [{ input: event, key, position: null }] };
    },
  };
}
