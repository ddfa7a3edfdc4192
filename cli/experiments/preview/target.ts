import type { Candidate } from '../../../models/model.ts';
import type { ContextRun } from '../../evaluate/context-run.ts';
import type { Engine, EngineEvent, EngineModel } from '../../evaluate/engine.ts';

export interface TargetOptions {
  readonly engine: Engine;
  readonly context: ContextRun;
  /** Whose lists will be asked for. */
  readonly users: ReadonlySet<string>;
}

type Lists = readonly (readonly Candidate[] | null)[];

/** A context as it would have answered, had it been as it is given: told of events one by one. */
export class Target {
  readonly #engine: Engine;
  readonly #context: ContextRun;
  readonly #users: ReadonlySet<string>;
  readonly #ready = new Map<string, Lists>();

  constructor({ engine, context, users }: TargetOptions) {
    this.#engine = engine;
    this.#context = context;
    this.#users = users;
  }

  learn(event: EngineEvent): void {
    const engine = this.#engine;
    const { userId } = event;
    engine.settle();
    engine.learn(event);
    this.#ready.delete(userId);
    // Lists that weights are learned from are made whether or not somebody looks at them.
    const isLogged = (model: EngineModel): boolean =>
      model.ready.kind === 'personal' && engine.logs(model, userId);
    if (!engine.models.some(isLogged)) return;
    const profile = engine.profile(userId);
    if (profile === null) return;
    const lists = engine.models.map((model) =>
      isLogged(model) ? engine.list(model, profile) : null,
    );
    if (this.#users.has(userId)) this.#ready.set(userId, lists);
  }

  /** Ids of the items that it would have shown, by place. */
  answer(userId: string, atMs: number): readonly string[] {
    const engine = this.#engine;
    engine.settle();
    const ready = this.#ready.get(userId);
    const profile = engine.profile(userId);
    const lists = engine.models.map((model, at): readonly Candidate[] => {
      if (model.ready.kind === 'shared') return engine.sharedList(model, null);
      return ready?.[at] ?? (profile === null ? nothing : engine.list(model, profile));
    });
    this.#ready.set(userId, lists);
    return this.#context.answer(userId, atMs, lists).map(({ itemId }) => itemId);
  }
}

const nothing: readonly Candidate[] = [];
