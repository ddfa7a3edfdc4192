import type { Known } from '../../models/catalogue.ts';
import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import { learningName } from '../../models/learning-identity.ts';
import type { Candidate, PersonalRetrieval, Profile } from '../../models/model.ts';
import { encodeCandidates, listPrefix } from '../../schemas/packed/candidates.ts';
import { decodeRecents, lastSeenMs } from '../../schemas/packed/user-features.ts';

/** A model version that keeps a list per user. */
export interface PersonalModel {
  readonly version: string;
  /** Name of the fold whose rows it ranks by. */
  readonly learning: string;
  readonly headBytes: number;
  readonly retrieval: PersonalRetrieval;
  /** What the keys of its lists begin with. */
  readonly listPrefix: string;
}

/** A user whose lists are to be made, as the features stood at one offset. */
export interface Subject {
  readonly userId: string;
  readonly profile: Profile;
  readonly newestAtMs: number;
}

/** Shared models are left out: serving ranks these in memory, for all users at once. */
export function personalModels(
  inUse: ReadonlyMap<string, Known<ModelDefinition>>,
  kinds: KindCatalogue,
): PersonalModel[] {
  const models: PersonalModel[] = [];
  for (const [version, { definition }] of inUse) {
    const kind = kinds.get(definition.kind);
    const retrieval = kind?.retrieval(definition.learning, definition.retrieval);
    if (kind === undefined || retrieval === undefined || retrieval.shared) continue;
    models.push({
      version,
      learning: learningName(kind.kind, definition.learning),
      headBytes: kind.itemSide(definition.learning).headBytes,
      retrieval,
      listPrefix: listPrefix(version),
    });
  }
  return models;
}

/** Null where nothing is known of the user: strangers get no list, and take no memory. */
export function subjectOf(
  userId: string,
  features: Buffer | null,
  types: readonly string[],
): Subject | null {
  if (features === null) return null;
  const profile = { recents: decodeRecents(features, types) };
  return { userId, profile, newestAtMs: lastSeenMs(features) };
}

/** The row of one list, as it is written. */
export function listRow(
  { userId, newestAtMs }: Subject,
  { listPrefix: prefix }: PersonalModel,
  made: {
    readonly candidates: readonly Candidate[];
    readonly profileOffset: number;
    readonly computedAtMs: number;
  },
): { readonly key: string; readonly value: Buffer } {
  return { key: prefix + userId, value: encodeCandidates({ ...made, newestAtMs }) };
}

/** Each user once, in the order of the log. */
export const distinct = (users: Iterable<string>): string[] => [...new Set(users)];

export function chunksOf<T>(values: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < values.length; at += size) chunks.push(values.slice(at, at + size));
  return chunks;
}
