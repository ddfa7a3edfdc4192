import { monotonicMs, now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { openRedis, type RedisPort } from '../../lib/redis/redis-port.ts';
import { Generations } from '../../lib/stream/generations.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { kinds } from '../../models/kinds.ts';
import { LearnedReads } from '../../retrieval/learned-reads.ts';
import { LearnedWeights } from '../../retrieval/learned-weights.ts';
import { type PersonalModel, readyModel } from '../../retrieval/personal-models.ts';
import { candidatesConfig } from '../../services/candidates/config.ts';
import { foldNames } from '../../services/serving/plan.ts';
import { prefixFor } from '../../topics/sets.ts';
import { explainList, type ListParts } from '../why/explained.ts';
import { readKnownUser } from '../why/known-user.ts';

export interface ReasonsOptions {
  readonly config: CommonConfig;
  readonly catalogue: Catalogue;
  readonly contextId: string;
  readonly users: readonly string[];
}

const none: ReadonlyMap<string, string> = new Map();

/**
 * Which of a user's own items did most for what they are recommended: their lists made again, as
 * `freshet why` does, a few milliseconds each.
 */
export class Reasons {
  readonly #options: ReasonsOptions;
  readonly #redis: RedisPort;
  readonly #generations: Generations;
  readonly #parts: ListParts;
  readonly #model: PersonalModel | null;
  readonly #found = new Map<string, ReadonlyMap<string, string>>();

  private constructor(options: ReasonsOptions, redis: RedisPort) {
    const { prefix } = options.config;
    this.#options = options;
    this.#redis = redis;
    this.#model = firstPersonal(options);
    this.#generations = new Generations(redis, {
      prefixOf: (fold) => prefixFor(prefix, fold),
      ageMsMax: 2_000,
      clockMs: monotonicMs,
    });
    this.#parts = {
      redis,
      generations: this.#generations,
      reads: new LearnedReads(redis, candidatesConfig()),
      weights: new LearnedWeights(),
      items: null,
    };
  }

  static async open(options: ReasonsOptions): Promise<Reasons> {
    return new Reasons(options, await openRedis(options.config.redis));
  }

  /** By item, the user's own item that did most for it. */
  of(userId: string): ReadonlyMap<string, string> {
    return this.#found.get(userId) ?? none;
  }

  async look(): Promise<void> {
    const model = this.#model;
    if (model === null) return;
    await Promise.all(this.#options.users.map((userId) => this.#lookAt(userId, model)));
  }

  close(): Promise<void> {
    return this.#redis.close();
  }

  async #lookAt(userId: string, model: PersonalModel): Promise<void> {
    const generations = await this.#generations.read([
      ...Object.values(foldNames),
      ...model.learned,
    ]);
    const nowMs = now();
    const { config, contextId } = this.#options;
    const { types, profileAttributes } = config;
    const given = { generations, types, profileAttributes, nowMs };
    const of = { userId, contextId, session: [] };
    const { isKnown, user } = await readKnownUser(this.#redis, of, given);
    if (!isKnown) return;
    const list = await explainList(model, user.profile, { parts: this.#parts, nowMs });
    const reasons = (list ?? []).flatMap(({ itemId, because }): [string, string][] =>
      because === null ? [] : [[itemId, because]],
    );
    this.#found.set(userId, new Map(reasons));
  }
}

function firstPersonal({ catalogue, contextId }: ReasonsOptions): PersonalModel | null {
  for (const { model } of catalogue.contexts.get(contextId)?.definition.ladder ?? []) {
    const known = catalogue.models.get(model);
    const ready = known === undefined ? undefined : readyModel(known, kinds);
    if (ready?.kind === 'personal') return ready;
  }
  return null;
}
