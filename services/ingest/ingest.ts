import { accept, reject, type Verdict } from '../../lib/verdict.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { forgetType, intoAttribute, isReserved, mergeType } from '../../topics/reserved-types.ts';

export interface EventLimits {
  /** The configured types of events. */
  readonly types: ReadonlySet<string>;
  /** How far `occurred_at` may lie ahead of the record's append time: clocks differ. */
  readonly aheadMsMax: number;
  readonly ageMsMax: number;
  readonly idBytesMax: number;
  readonly attributesMax: number;
  /** Of all names and values together. */
  readonly attributesBytesMax: number;
  /** What ids of users begin with who are not logged in; empty: nobody is known to be. */
  readonly anonymousPrefix: string;
}

export const isAnonymous = (
  userId: string,
  { anonymousPrefix }: Pick<EventLimits, 'anonymousPrefix'>,
): boolean => anonymousPrefix !== '' && userId.startsWith(anonymousPrefix);

const controlCharacters = /\p{Cc}/u;

function longerThan(text: string, bytesMax: number): boolean {
  // A UTF-16 unit takes at most three bytes.
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

function judgeId(name: string, id: string | null, bytesMax: number): Verdict {
  if (id === null) return accept;
  if (longerThan(id, bytesMax)) return reject('id_too_long', `${name}: at most ${bytesMax} bytes`);
  if (controlCharacters.test(id)) return reject('bad_id', `${name}: no control characters`);
  return accept;
}

function judgeIds(event: UserEvent, bytesMax: number): Verdict {
  if (event.event_id === '') return reject('missing_event_id', 'event_id: is empty');
  if (event.user_id === '') return reject('missing_user', 'user_id: is empty');
  if (event.item_id === '' && !isReserved(event.type))
    return reject('missing_item', 'item_id: is empty');
  for (const name of idFields) {
    const verdict = judgeId(name, event[name], bytesMax);
    if (verdict.kind !== 'accept') return verdict;
  }
  return accept;
}

function judgeType(event: UserEvent, limits: EventLimits): Verdict {
  const { type, user_id: userId, attributes } = event;
  if (type === forgetType || limits.types.has(type)) return accept;
  if (type !== mergeType) return reject('unknown_type', 'type: not one of FRESHET_EVENT_TYPES');
  if (!isAnonymous(userId, limits))
    return reject('not_anonymous', 'user_id: begins with FRESHET_ANONYMOUS_PREFIX');
  const into = attributes[intoAttribute] ?? '';
  // Who is merged into an anonymous one might be merged on, and events would come around again.
  if (into === '' || isAnonymous(into, limits))
    return reject('bad_into', `attributes.${intoAttribute}: the id of a known user`);
  return judgeId(`attributes.${intoAttribute}`, into, limits.idBytesMax);
}

const idFields = [
  'event_id',
  'user_id',
  'item_id',
  'context_id',
  'answer_id',
  'session_id',
] as const;

function judgeAttributes(attributes: UserEvent['attributes'], limits: EventLimits): Verdict {
  let bytes = 0;
  let count = 0;
  for (const name in attributes) {
    count += 1;
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attributes[name] ?? '');
  }
  if (count > limits.attributesMax) {
    return reject('attributes_too_large', `attributes: at most ${limits.attributesMax}`);
  }
  if (bytes > limits.attributesBytesMax) {
    return reject('attributes_too_large', `attributes: at most ${limits.attributesBytesMax} bytes`);
  }
  return accept;
}

/**
 * Whether an event is fit to become an interaction. Times are judged against when the broker
 * appended the record: a clock would judge the same record differently at the next reading. One
 * event from the future would make everything that decays by event time forget the present.
 */
export function judgeEvent(event: UserEvent, appendedAtMs: number, limits: EventLimits): Verdict {
  const ids = judgeIds(event, limits.idBytesMax);
  if (ids.kind !== 'accept') return ids;
  const typed = judgeType(event, limits);
  if (typed.kind !== 'accept') return typed;
  if (event.occurred_at > appendedAtMs + limits.aheadMsMax) {
    return reject(
      'from_the_future',
      `occurred_at: at most ${limits.aheadMsMax} ms after the record was appended`,
    );
  }
  if (event.occurred_at < appendedAtMs - limits.ageMsMax) {
    return reject(
      'ancient',
      `occurred_at: at most ${limits.ageMsMax} ms before the record was appended`,
    );
  }
  if (event.value !== null && !Number.isFinite(event.value)) {
    return reject('not_finite', 'value: a finite number');
  }
  return judgeAttributes(event.attributes, limits);
}
