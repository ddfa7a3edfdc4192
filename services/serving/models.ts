import type { Known } from '../../models/catalogue.ts';
import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import { type ReadyModel, readyModel } from '../../retrieval/personal-models.ts';

/** The models that serving answers with, made once per version: a version never changes. */
export class ServedModels {
  readonly #kinds: KindCatalogue;
  readonly #made = new Map<string, ReadyModel>();

  constructor(kinds: KindCatalogue) {
    this.#kinds = kinds;
  }

  /** `inUse`: what some context or experiment names; of the others nothing is kept. */
  follow(inUse: ReadonlyMap<string, Known<ModelDefinition>>): void {
    for (const version of this.#made.keys()) if (!inUse.has(version)) this.#made.delete(version);
    for (const [version, one] of inUse) {
      if (this.#made.has(version)) continue;
      const model = readyModel(one, this.#kinds);
      if (model !== undefined) this.#made.set(version, model);
    }
  }

  get(version: string): ReadyModel | undefined {
    return this.#made.get(version);
  }

  /** Whether a user's list by it takes what items are about. */
  needItems(version: string): boolean {
    const model = this.#made.get(version);
    return model?.kind === 'personal' && model.retrieval.needsItems;
  }

  all(): Iterable<ReadyModel> {
    return this.#made.values();
  }
}
