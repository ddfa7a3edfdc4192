import { encoderFor, openEncoder } from '../../lib/avro/encoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { plainEvent } from '../../schemas/plain-event.ts';

/** A value of user-events that cannot be used, and what must be said of it. */
export interface Poison {
  readonly reason: string;
  readonly value: Buffer | null;
}

const dayMs = 86_400_000;

/** Values that encode well, and what is wrong with them. */
const misjudged = (atMs: number): readonly [reason: string, event: Partial<UserEvent>][] => [
  ['from_the_future', { occurred_at: atMs + dayMs }],
  ['ancient', { occurred_at: atMs - 6 * 366 * dayMs }],
  ['missing_event_id', { event_id: '' }],
  ['missing_user', { user_id: '' }],
  ['missing_item', { item_id: '' }],
  ['id_too_long', { user_id: 'u'.repeat(129) }],
  ['bad_id', { item_id: 'tea\u0000' }],
  ['not_finite', { value: Number.NaN }],
  ['unknown_type', { type: 'teleport' }],
  ['unknown_type', { type: '__proto__' }],
  ['too_large', { attributes: { note: 'x'.repeat(500_000) } }],
];

/** Every form of poison that a producer is capable of, for the topic of this name. */
export async function poisonFor(topic: string, registry: RegistryPort): Promise<Poison[]> {
  const encode = await openEncoder<UserEvent>(registry, `${topic}-value`, userEventSchema);
  const atMs = now();
  const good = plainEvent({ eventId: 'good', userId: 'ann', itemId: 'tea', type: 'view', atMs });
  const bytes = encode(good);
  const otherMagic = Buffer.from(bytes);
  otherMagic[0] = 1;
  const notUtf8 = Buffer.from(bytes);
  // The first letter of the event id.
  notUtf8[6] = 0xff;
  const id = bytes.readUInt32BE(1);
  const head = encoderFor<Record<string, unknown>>(
    { ...userEventSchema, fields: userEventSchema.fields.slice(0, 4) },
    id,
  )({ event_id: 'a', user_id: 'b', item_id: 'c', type: 'd' });
  const above2to53 = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  return [
    { reason: 'empty_value', value: null },
    { reason: 'empty_value', value: Buffer.alloc(0) },
    { reason: 'too_short', value: bytes.subarray(0, 3) },
    { reason: 'truncated', value: bytes.subarray(0, 5) },
    { reason: 'bad_magic', value: otherMagic },
    { reason: 'unknown_schema', value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xf0, 2, 0x61]) },
    { reason: 'truncated', value: bytes.subarray(0, -3) },
    { reason: 'trailing_bytes', value: Buffer.concat([bytes, Buffer.from([0])]) },
    { reason: 'number_out_of_range', value: Buffer.concat([head, above2to53]) },
    { reason: 'undecodable', value: notUtf8 },
    // A map that says that it has a billion entries, at the end of an event that has none.
    { reason: 'truncated', value: Buffer.concat([bytes.subarray(0, -1), blockOf(1_000_000_000)]) },
    // A text of a gibibyte, of which nothing is there.
    { reason: 'truncated', value: Buffer.concat([bytes.subarray(0, 5), blockOf(2 ** 30)]) },
    ...misjudged(atMs).map(([reason, event]) => ({ reason, value: encode({ ...good, ...event }) })),
  ];
}

/** A count as Avro writes it: zigzag, seven bits a byte. */
function blockOf(count: number): Buffer {
  const bytes: number[] = [];
  let left = count * 2;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  return Buffer.from([...bytes, left]);
}
