import type { Known } from '../../models/catalogue.ts';
import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import type { PersonalRetrieval, SharedRetrieval } from '../../models/model.ts';
import { learningName } from '../../models/learning-identity.ts';
import { listPrefix } from '../../schemas/packed/candidates.ts';

interface Served {
  readonly version: string;
  /** Name of the fold that learns for it. */
  readonly learning: string;
  /** A user's list older than this is stale. */
  readonly ageMsMax: number;
  /** Bytes at the head of a learned row that hold its small figures. */
  readonly headBytes: number;
}

export interface PersonalModel extends Served {
  readonly kind: 'personal';
  readonly retrieval: PersonalRetrieval;
  /** What the keys of its lists start with, before the user. */
  readonly listPrefix: string;
}

export interface SharedModel extends Served {
  readonly kind: 'shared';
  readonly retrieval: SharedRetrieval;
}

export type ServedModel = PersonalModel | SharedModel;

/** The models that serving answers with, made once per version: a version never changes. */
export class ServedModels {
  readonly #kinds: KindCatalogue;
  readonly #made = new Map<string, ServedModel>();

  constructor(kinds: KindCatalogue) {
    this.#kinds = kinds;
  }

  /** `known`: every model that is published. */
  follow(known: ReadonlyMap<string, Known<ModelDefinition>>): void {
    for (const version of this.#made.keys()) if (!known.has(version)) this.#made.delete(version);
    for (const [version, { definition }] of known) {
      if (this.#made.has(version)) continue;
      const model = this.#make(version, definition);
      if (model !== undefined) this.#made.set(version, model);
    }
  }

  get(version: string): ServedModel | undefined {
    return this.#made.get(version);
  }

  all(): Iterable<ServedModel> {
    return this.#made.values();
  }

  #make(version: string, definition: ModelDefinition): ServedModel | undefined {
    const kind = this.#kinds.get(definition.kind);
    if (kind === undefined) return undefined;
    const retrieval = kind.retrieval(definition.learning, definition.retrieval);
    const served: Served = {
      version,
      learning: learningName(kind.kind, definition.learning),
      ageMsMax: definition.candidatesAgeMsMax,
      headBytes: kind.itemSide(definition.learning).headBytes,
    };
    return retrieval.shared
      ? { ...served, kind: 'shared', retrieval }
      : { ...served, kind: 'personal', retrieval, listPrefix: listPrefix(version) };
  }
}
