import type { EventLimits } from '../../services/ingest/ingest.ts';
import { judgeEvent } from '../../services/ingest/ingest.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { attributesOf, FieldFault, neededText, numberOf, textOf, timeOf } from './fields.ts';
import type { Fields, NeededColumns } from './rows.ts';

export const eventTimeNames = ['occurred_at', 'timestamp_ms'] as const;
const typeNames = ['type', 'event_type'] as const;
export const eventColumns: NeededColumns = [['user_id'], ['item_id'], typeNames, eventTimeNames];
export const eventNames: ReadonlySet<string> = new Set([
  'event_id',
  'user_id',
  'item_id',
  'context_id',
  'answer_id',
  'session_id',
  'value',
  'attributes',
  ...typeNames,
  ...eventTimeNames,
]);

export interface EventRules {
  /** What ingest would say. */
  readonly limits: EventLimits;
  /** Milliseconds that event times are moved by. */
  readonly shiftMs: number;
  readonly nowMs: number;
}

/** An event from a row; throws FieldFault with the first thing that ingest would refuse. */
export function eventOf(fields: Fields, ownId: string, rules: EventRules): UserEvent {
  const at = timeOf(fields, eventTimeNames, rules.nowMs);
  if (at === null) throw new FieldFault(`${eventTimeNames.join(' or ')}: is missing`);
  const event: UserEvent = {
    event_id: textOf(fields, ['event_id']) ?? ownId,
    user_id: neededText(fields, ['user_id']),
    item_id: neededText(fields, ['item_id']),
    type: neededText(fields, typeNames),
    occurred_at: at + rules.shiftMs,
    context_id: textOf(fields, ['context_id']),
    answer_id: textOf(fields, ['answer_id']),
    session_id: textOf(fields, ['session_id']),
    value: numberOf(fields, 'value'),
    attributes: attributesOf(fields),
  };
  const verdict = judgeEvent(event, rules.nowMs, rules.limits);
  if (verdict.kind === 'reject')
    throw new FieldFault(`${verdict.reason}: ${beforeSent(verdict, rules.limits)}`);
  return event;
}

/** Ingest speaks of a record that was appended; here there is none yet. */
function beforeSent(
  { reason, detail }: { readonly reason: string; readonly detail: string },
  { aheadMsMax, ageMsMax }: EventLimits,
): string {
  if (reason === 'from_the_future') {
    const seconds = aheadMsMax / 1_000;
    return `occurred_at: is in the future; at most ${seconds} s ahead of now (FRESHET_INGEST_AHEAD_MS_MAX) are taken`;
  }
  if (reason !== 'ancient') return detail;
  const days = ageMsMax / dayMs;
  return `occurred_at: is too long ago; at most ${days} days (FRESHET_INGEST_AGE_DAYS_MAX) are taken`;
}

const dayMs = 86_400_000;
