import type { UserEvent } from './generated/user-event.ts';

export interface EventParts {
  readonly eventId: string;
  readonly userId: string;
  readonly itemId: string;
  readonly type: string;
  readonly atMs: number;
}

/** An event that says nothing but who did what to which item, and when. */
export const plainEvent = ({ eventId, userId, itemId, type, atMs }: EventParts): UserEvent => ({
  event_id: eventId,
  user_id: userId,
  item_id: itemId,
  type,
  occurred_at: atMs,
  context_id: null,
  answer_id: null,
  session_id: null,
  value: null,
  attributes: {},
});
