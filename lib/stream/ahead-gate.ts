import type { KafkaAdmin } from '../kafka/admin.ts';
import type { LogRecord } from './topology.ts';

/**
 * Holds the first input of a fold back until the second is as far as it must be (Fold.ahead): to
 * the end that its log had after the records were fetched. So whatever led to a record of the first
 * lies before it, and how the two logs happened to be fetched does not matter.
 */
export class AheadGate {
  readonly #admin: Pick<KafkaAdmin, 'topicOffsets'>;
  readonly #at: { readonly topic: string; readonly partition: number };
  /** Records of the first input below this were there when `#needed` was the second's end. */
  #below = -1;
  #needed = 0;

  constructor(
    admin: Pick<KafkaAdmin, 'topicOffsets'>,
    at: { readonly topic: string; readonly partition: number },
  ) {
    this.#admin = admin;
    this.#at = at;
  }

  /** How many of the records may be folded now; `next`: the second input's next offset. */
  async open(records: readonly LogRecord[], next: number): Promise<number> {
    const first = records[0];
    const last = records.at(-1);
    if (first === undefined || last === undefined) return 0;
    // An end once asked for stands: the log may grow for as long as somebody waits for it.
    if (first.offset >= this.#below) {
      const ends = await this.#admin.topicOffsets(this.#at.topic);
      this.#needed = ends.find(({ partition }) => partition === this.#at.partition)?.high ?? 0;
      this.#below = last.offset + 1;
    }
    if (next < this.#needed) return 0;
    const beyond = records.findIndex(({ offset }) => offset >= this.#below);
    return beyond < 0 ? records.length : beyond;
  }
}
