import type { KindCatalogue } from '../../models/definitions.ts';
import type { Trainer, WeightsSide } from '../../models/model.ts';
import { Cost } from './cost.ts';
import type { EngineEvent, EngineModel } from './engine.ts';

interface Trained {
  readonly trainer: Trainer;
  readonly side: WeightsSide;
  /** Examples that the user's next event will close. */
  readonly open: Map<string, Buffer>;
  weights: Buffer | null;
  /** Closed, and not yet learned from. */
  closed: Buffer | null;
  examples: number;
  /** Closed, but the next item was nothing to learn from: it was no candidate, say. */
  without: number;
  readonly cost: Cost;
}

export interface WeightsFigures {
  readonly name: string;
  /** Learned from; and closed, but there was nothing to learn. */
  readonly examples: number;
  readonly without: number;
  readonly cost: Cost;
}

/**
 * Weights that are learned from what users do after a list was made. An example is opened with the
 * list, closed by its user's next event before that event is learned, and moves the weights of the
 * lists after it: so no list was ever made with weights that knew what came next.
 */
export class LearnedWeights {
  readonly #trained = new Map<string, Trained>();
  /** Models of one trainer share the weights; the first of them logs. */
  readonly #loggers = new Map<EngineModel, Trained>();

  constructor(models: readonly EngineModel[], kinds: KindCatalogue) {
    for (const model of models) {
      const trainer = trainerOf(model);
      const side = kinds.get(model.definition.kind)?.weights ?? null;
      if (trainer === null || side === null || this.#trained.has(trainer.name)) continue;
      const trained: Trained = {
        trainer,
        side,
        open: new Map(),
        weights: null,
        closed: null,
        examples: 0,
        without: 0,
        cost: new Cost(),
      };
      this.#trained.set(trainer.name, trained);
      this.#loggers.set(model, trained);
    }
  }

  logs(model: EngineModel, userId: string): boolean {
    const trained = this.#loggers.get(model);
    return trained?.trainer.logs(userId, trained.weights) ?? false;
  }

  /** Weights as learned so far; null: none yet. */
  of(model: EngineModel): Buffer | null {
    const trainer = trainerOf(model);
    return trainer === null ? null : (this.#trained.get(trainer.name)?.weights ?? null);
  }

  open(model: EngineModel, userId: string, example: Buffer): void {
    this.#loggers.get(model)?.open.set(userId, example);
  }

  /** The user's event closes what is open. Weights stay as they are until `settle`. */
  close({ userId, itemId, atMs }: EngineEvent, seed: number): void {
    this.settle();
    for (const trained of this.#trained.values()) {
      const open = trained.open.get(userId);
      if (open === undefined) continue;
      trained.open.delete(userId);
      trained.cost.of(() => {
        trained.closed = trained.trainer.close(open, { itemId, atMs }, seed);
        if (trained.closed === null) trained.without += 1;
      });
    }
  }

  /**
   * Learns from what was closed. In the stack an event's example goes through a topic, so that the
   * list which the same event asks for is made before it, and all others after.
   */
  settle(): void {
    for (const trained of this.#trained.values()) {
      const { closed } = trained;
      if (closed === null) continue;
      trained.closed = null;
      trained.cost.of(() => {
        const next = trained.side.learn(trained.weights, closed);
        if (next === null) trained.without += 1;
        else {
          trained.weights = Buffer.from(next);
          trained.examples += 1;
        }
      });
    }
  }

  /** Of the weights that these models rank by: examples learned, and what that cost. */
  figures(models: readonly EngineModel[]): readonly WeightsFigures[] {
    const names = new Set(models.map((model) => trainerOf(model)?.name));
    return [...this.#trained.values()]
      .filter(({ trainer }) => names.has(trainer.name))
      .map(({ trainer: { name }, examples, without, cost }) => ({ name, examples, without, cost }));
  }
}

const trainerOf = ({ ready }: EngineModel): Trainer | null =>
  ready.kind === 'personal' ? ready.retrieval.trainer : null;
