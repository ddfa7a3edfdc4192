import type { CurrentGeneration } from './current.ts';
import { emptyHeader, parseHeader } from './header.ts';
import { type FoldKeys, foldKeys } from './keys.ts';
import { realPorts, type Timers } from './ports.ts';
import type { StateStore } from './store.ts';

const lookMs = 20;

export const waitBy = ({ after }: Timers, delayMs: number): Promise<void> =>
  new Promise((resolve) => void after(delayMs, resolve));

interface FollowedAt {
  readonly partition: number;
  readonly inputs: number;
  readonly timers?: Timers | undefined;
}

/** One partition of the generation that a build follows, and never passes. */
export class Followed {
  readonly #store: Pick<StateStore, 'load' | 'decided'>;
  readonly #keys: FoldKeys;
  readonly #at: FollowedAt;
  #offsets: readonly number[];
  #decided: ReadonlySet<number> = new Set();

  constructor(
    store: Pick<StateStore, 'load' | 'decided'>,
    generation: CurrentGeneration,
    at: FollowedAt,
  ) {
    this.#store = store;
    this.#keys = foldKeys(generation);
    this.#at = at;
    this.#offsets = emptyHeader(at.inputs).offsets;
  }

  /** Next offset per input, as last looked at: what lies below was folded, and emitted. */
  get offsets(): readonly number[] {
    return this.#offsets;
  }

  /** All positions below `offsets` that it has judged as failed for a reason that may pass. */
  get decided(): ReadonlySet<number> {
    return this.#decided;
  }

  async look(): Promise<void> {
    const { partition, inputs } = this.#at;
    const [bytes] = await this.#store.load([this.#keys.header(partition)]);
    const header = bytes === null || bytes === undefined ? null : parseHeader(bytes);
    // In this order: what is decided is decided before it is committed.
    this.#decided = await this.#store.decided(this.#keys.decided(partition));
    this.#offsets = header?.offsets ?? emptyHeader(inputs).offsets;
  }

  /** Whether it is past `offset` in one of its inputs, or is so within `looks` looks. */
  async isPast(offset: number, input: number, looks: number): Promise<boolean> {
    for (let looked = 0; ; looked += 1) {
      if (offset < (this.#offsets[input] ?? 0)) return true;
      if (looked === looks) return false;
      if (looked > 0) await waitBy(this.#at.timers ?? realPorts.timers, lookMs);
      await this.look();
    }
  }
}
