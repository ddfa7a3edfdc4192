import type { Known } from '../../models/catalogue.ts';
import type { ContextDefinition } from '../../models/definitions.ts';
import { missingFor, needsOf, type NeedsFacts } from './rule-needs.ts';

type Contexts = ReadonlyMap<string, Known<ContextDefinition>>;

/**
 * The contexts that requests are answered by: of each the newest version whose rules can be judged
 * here. A new one that needs more (attributes of items that are still being read, a service that
 * never ran) does not hold up the others: until then the one before answers. A version that
 * answered once stays, and what it needs is waited for.
 */
export class ServedContexts {
  readonly #served = new Map<string, Known<ContextDefinition>>();
  readonly #waiting = new Map<string, string>();
  readonly #told = new Map<string, string>();

  get all(): Contexts {
    return this.#served;
  }

  /** Contexts of which a newer version waits, and for what. */
  get waiting(): ReadonlyMap<string, string> {
    return this.#waiting;
  }

  /** What waits now for another reason than when this was asked last: each is told once. */
  untold(): ReadonlyMap<string, string> {
    const untold = new Map<string, string>();
    for (const [name, missing] of this.#waiting)
      if (this.#told.get(name) !== missing) untold.set(name, missing);
    this.#told.clear();
    for (const [name, missing] of this.#waiting) this.#told.set(name, missing);
    return untold;
  }

  follow(newest: Contexts, facts: NeedsFacts): void {
    for (const name of this.#served.keys()) if (!newest.has(name)) this.#served.delete(name);
    this.#waiting.clear();
    for (const [name, known] of newest) {
      if (this.#served.get(name)?.revision === known.revision) continue;
      const missing = missingFor(needsOf(known.definition.rules), facts);
      if (missing === null) this.#served.set(name, known);
      else this.#waiting.set(name, missing);
    }
  }
}
