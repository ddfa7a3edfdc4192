import { setTimeout as pause } from 'node:timers/promises';

import type { Bed } from '../../../bench/bed.ts';
import { monotonicMs } from '../../../lib/clock.ts';
import { UserError } from '../../../lib/errors.ts';
import { type CurrentGeneration, readCurrent } from '../../../lib/stream/current.ts';
import { parseHeader } from '../../../lib/stream/header.ts';
import { type FoldKeys, foldKeys } from '../../../lib/stream/keys.ts';

const pollMs = 2;
const patienceMs = 60_000;

/** Waits for folds, by what lies beside their state in the only partition that there is. */
export class Offsets {
  readonly #bed: Bed;
  readonly #keys = new Map<string, FoldKeys>();

  constructor(bed: Bed) {
    this.#bed = bed;
  }

  /** Resolves when all of these have a current generation. */
  async begun(folds: readonly string[]): Promise<void> {
    const { redis, config } = this.#bed;
    for (const fold of folds) {
      const current = await this.#patiently(
        () => `${fold} to begin`,
        () => readCurrent(redis, config.prefix, fold),
      );
      this.#keys.set(fold, foldKeys(current satisfies CurrentGeneration));
    }
  }

  keys(fold: string): FoldKeys {
    const keys = this.#keys.get(fold);
    if (keys === undefined) throw new Error(`nobody waited for ${fold} to begin`);
    return keys;
  }

  /** Resolves when all of these have folded every record of their first input below `next`. */
  async folded(folds: readonly string[], next: number): Promise<void> {
    const headers = folds.map((fold) => [this.keys(fold).header(0)]);
    let at: readonly number[] = [];
    const what = (): string => {
      const behind = folds.flatMap((fold, index) => ((at[index] ?? 0) < next ? [fold] : []));
      return `${behind.join(', ')} to be at ${next}`;
    };
    await this.#patiently(what, async () => {
      const read = await this.#bed.redis.mgetMany(headers);
      at = read.map(([bytes]) => (bytes == null ? 0 : (parseHeader(bytes).offsets[0] ?? 0)));
      return at.every((offset) => offset >= next) ? at : null;
    });
  }

  async #patiently<T>(what: () => string, look: () => Promise<T | null>): Promise<T> {
    const giveUpMs = monotonicMs() + patienceMs;
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      if (monotonicMs() > giveUpMs) throw new UserError(`waited too long for ${what()}`);
      await pause(pollMs);
    }
  }
}
