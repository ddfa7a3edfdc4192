import type { RedisPort } from '../../lib/redis/redis-port.ts';
import { type Generation, Generations } from '../../lib/stream/generations.ts';
import { readTopicSets } from '../../lib/stream/topic-sets.ts';
import { prefixOfSet, setOf } from '../../lib/config/topic-set.ts';
import { prefixFor } from '../../topics/sets.ts';

interface OfSet {
  readonly set: number;
  readonly generations: Generations;
}

export interface SetGenerationsOptions {
  /** Its set counts where nothing says which one is current. */
  readonly prefix: string;
  readonly clockMs: () => number;
}

/**
 * Generations of the set of internal topics that is current, whichever this process was started
 * with. A switched set is followed at the next read, for all folds in one moment: an answer never
 * rests on two.
 */
export class SetGenerations {
  readonly #redis: Pick<RedisPort, 'getString'>;
  readonly #options: SetGenerationsOptions;
  #now: OfSet;

  constructor(redis: Pick<RedisPort, 'getString'>, options: SetGenerationsOptions) {
    this.#redis = redis;
    this.#options = options;
    this.#now = this.#of(setOf(options.prefix));
  }

  get(name: string): Generation | undefined {
    return this.#now.generations.get(name);
  }

  get set(): number {
    return this.#now.set;
  }

  /** Throws where Redis is away, and what is known stays. */
  async read(names: readonly string[]): Promise<void> {
    const { prefix } = this.#options;
    const sets = await readTopicSets(this.#redis, prefix);
    const set = sets?.current.set ?? setOf(prefix);
    const next = set === this.#now.set ? this.#now : this.#of(set);
    await next.generations.read(names);
    this.#now = next;
  }

  #of(set: number): OfSet {
    const { clockMs } = this.#options;
    const prefix = prefixOfSet(this.#options.prefix, set);
    const prefixOf = (fold: string): string => prefixFor(prefix, fold);
    return { set, generations: new Generations(this.#redis, { prefixOf, ageMsMax: 0, clockMs }) };
  }
}
