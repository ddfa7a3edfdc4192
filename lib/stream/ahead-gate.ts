import type { KafkaAdmin } from '../kafka/admin.ts';
import type { RedisPort } from '../redis/redis-port.ts';
import { readCurrent } from './current.ts';
import { parseHeader } from './header.ts';
import { foldKeys } from './keys.ts';
import type { Input, LogRecord } from './topology.ts';

type Admin = Pick<KafkaAdmin, 'topicOffsets'>;

export interface AheadGateOptions {
  readonly topic: string;
  readonly partition: number;
  /** Where records come from that this topic is emitted from, and how far they have come. */
  readonly through?: {
    readonly topic: string;
    /** Next offset to be emitted, per partition of it. */
    offsets(): Promise<readonly number[]>;
  };
}

/**
 * Holds the first input of a fold back until the second is as far as it must be (Fold.ahead): to
 * the end that its log had after the records were fetched. So whatever led to a record of the first
 * lies before it, and how the two logs happened to be fetched does not matter. Where the second is
 * emitted from another log (Input.through), what lay in that one comes through first.
 */
export class AheadGate {
  readonly #admin: Admin;
  readonly #at: AheadGateOptions;
  /** Records of the first input below this were there when `#needed` was the second's end. */
  #below = -1;
  #needed = 0;
  /** Ends of the other log when the records were there; null: all has come through. */
  #through: readonly number[] | null = null;
  #asked = -1;

  constructor(admin: Admin, at: AheadGateOptions) {
    this.#admin = admin;
    this.#at = at;
  }

  /** How many of the records may be folded now; `next`: the second input's next offset. */
  async open(records: readonly LogRecord[], next: number): Promise<number> {
    const first = records[0];
    const last = records.at(-1);
    if (first === undefined || last === undefined) return 0;
    // An end once asked for stands: the log may grow for as long as somebody waits for it.
    if (first.offset >= this.#below && !(await this.#ask(first, last))) return 0;
    if (next < this.#needed) return 0;
    const beyond = records.findIndex(({ offset }) => offset >= this.#below);
    return beyond < 0 ? records.length : beyond;
  }

  /** False while something has yet to come through. */
  async #ask(first: LogRecord, last: LogRecord): Promise<boolean> {
    const { topic, partition, through } = this.#at;
    if (through !== undefined) {
      if (first.offset >= this.#asked) {
        this.#through = (await this.#admin.topicOffsets(through.topic)).map(({ high }) => high);
        this.#asked = last.offset + 1;
      }
      const come = await through.offsets();
      if (this.#through?.some((end, at) => (come[at] ?? 0) < end) === true) return false;
    }
    const ends = await this.#admin.topicOffsets(topic);
    this.#needed = ends.find((own) => own.partition === partition)?.high ?? 0;
    this.#below = through === undefined ? last.offset + 1 : this.#asked;
    return true;
  }
}

/** The gate of a fold's second input; null: it has none. */
export function gateOf(
  ahead: Pick<Input<unknown>, 'topic' | 'through'> | undefined,
  at: {
    readonly hands: {
      readonly admin: Admin;
      readonly redis: Pick<RedisPort, 'getString' | 'mgetMany'>;
    };
    readonly prefix: string;
    readonly partition: number;
  },
): AheadGate | null {
  if (ahead === undefined) return null;
  const { hands, prefix, partition } = at;
  const { topic, through } = ahead;
  if (through === undefined) return new AheadGate(hands.admin, { topic, partition });
  const offsets = (): Promise<number[]> => offsetsOfFold(hands.redis, prefix, through.fold);
  return new AheadGate(hands.admin, {
    topic,
    partition,
    through: { topic: through.topic, offsets },
  });
}

/** Of what it emitted the brokers have said so before its offset is stored. */
async function offsetsOfFold(
  redis: Pick<RedisPort, 'getString' | 'mgetMany'>,
  prefix: string,
  fold: string,
): Promise<number[]> {
  const current = await readCurrent(redis, prefix, fold);
  if (current === null) return [];
  const keys = foldKeys(current);
  const headers = await redis.mgetMany(
    Array.from({ length: current.partitions }, (_, own) => [keys.header(own)]),
  );
  return headers.map(([bytes]) =>
    bytes === null || bytes === undefined ? 0 : (parseHeader(bytes).offsets[0] ?? 0),
  );
}
