import type { z } from 'zod';

import type { ItemTable } from './item-table.ts';

/**
 * What a model kind is: up to three pure parts (DESIGN section 5). Structural twins of lib/stream's
 * RowCodec and Write stand here because models import nothing but schemas.
 */
export interface RowCodec<Row> {
  decode(bytes: Buffer): Row;
  encode(
    row: Row,
  ):
    | { readonly whole: Buffer }
    | { readonly patches: readonly { readonly at: number; readonly bytes: Buffer }[] };
  bytes(row: Row): number;
}

/** What an interaction, given the user's recent items, teaches about `item`. */
export interface Signal {
  readonly item: string;
  /** Other items involved, and one byte of the kind's own meaning for each (a distance, say). */
  readonly others: readonly string[];
  readonly notes: readonly number[];
}

/** What all signals of one interaction share. */
export interface SignalContext {
  readonly atMs: number;
  /** `event_clock` of the interaction: accepted events of its source partition so far. */
  readonly clock: number;
  /** The event's type, for weights per type. */
  readonly type: string;
}

export interface RecentItem {
  readonly itemId: string;
  readonly atMs: number;
  readonly type: string;
}

/** Who acted, as short keys that say nothing of the person; worked out when first asked for. */
export interface Visitor {
  readonly user: string;
  /** One key per session of the user. */
  readonly session: string;
}

/**
 * User side: runs in `signals`. Its configuration is the service's, so that versions share it, and
 * kinds may share one.
 */
export interface UserSide {
  /**
   * Channel on item-signals, one byte; unique among user sides. One that teaches otherwise for the
   * same interaction takes a new channel: channels are part of the identity of `signals`.
   */
  readonly channel: number;
  /**
   * `recents`: the user's distinct items before this interaction, newest first by event time. A
   * late event finds newer ones there too. A signal's `item` is the key of the row that learns: an
   * item, or a key of the kind's own, which begins with `ownKeyMark`.
   */
  signals(
    itemId: string,
    atMs: number,
    recents: readonly RecentItem[],
    visitor: Visitor,
  ): readonly Signal[];
  /**
   * What rows of users have to hear when one is to be forgotten; left out: no row is a user's. Of
   * the user's sessions only the present one is known by then.
   */
  forget?(visitor: Visitor): readonly Signal[];
}

/** Begins row keys that are no items (a session, say): ingest lets no such item id through. */
export const ownKeyMark = '\u0001';

/** Item side: runs in `learning`. Knows only its own item's signals; prunes by its own figures. */
export interface ItemSide<Row, Ranking = unknown> {
  readonly layout: number;
  readonly rows: RowCodec<Row>;
  /** Changes the row in place, or makes one; null when the signal teaches nothing. */
  learn(row: Row | undefined, signal: Signal, context: SignalContext): Row | null;
  /** Whether the signal says that the row is to be deleted; left out: none does. */
  isForgotten?(row: Row, signal: Signal): boolean;
  /** Bytes at the head of a stored row that hold its small figures (count and the like). */
  readonly headBytes: number;
  /**
   * When the row's item was visited last, or a little later; never earlier. Left out: rows hold no
   * time, and are never forgotten.
   */
  lastMs?(row: Row): number;
  /** One ranking per partition, kept beside the rows. */
  readonly ranking:
    | (RowCodec<Ranking> & {
        readonly empty: () => Ranking;
        /** Called after each signal with the item's new row. Changes the ranking in place. */
        place(ranking: Ranking, item: string, row: Row): void;
      })
    | null;
}

/** An item of the user's own, by its newest visit. */
export interface OwnItem extends RecentItem {
  /** Visits since it entered the profile; bounded where it is stored. */
  readonly visits: number;
  /** The earliest of these. */
  readonly firstAtMs: number;
}

/** A user as retrieval sees one. */
export interface Profile {
  readonly userId: string;
  /** The moment that the list is made for: nothing in retrieval may ask a clock. */
  readonly atMs: number;
  /** Distinct items, newest first. */
  readonly recents: readonly OwnItem[];
  /** When the session of the newest visit began. */
  readonly sessionStartMs: number;
  /** Lists what the user ever had, as far back as is kept; null: only `recents` are known. */
  readonly had: (() => readonly string[]) | null;
}

export interface Candidate {
  readonly itemId: string;
  readonly score: number;
  /** The chance with which exploration put it at its place; left out: none was at work there. */
  readonly propensity?: number;
}

/** A fold that a retrieval reads. Versions and kinds that name the same one share it. */
export interface Source {
  /** The kind whose item side learned it. */
  readonly kind: string;
  readonly learning: unknown;
  /** Bytes at the head of its rows that hold the small figures. */
  readonly headBytes: number;
  /** Whether the partitions' rankings are read too. */
  readonly rankings: boolean;
  /**
   * Where the rows are another fold's than the kind's learning: its name. Its rows lie where the
   * profile's user does, whatever their keys.
   */
  readonly userFold?: string;
}

/** What was read of one source. Rows and heads that are not there are left out. */
export interface Learned {
  readonly rows: ReadonlyMap<string, Buffer>;
  readonly heads: ReadonlyMap<string, Buffer>;
  /** One per partition that has any; at most a stated age old. */
  readonly rankings: readonly Buffer[];
}

/** What does not depend on the profile. */
export interface World {
  /** Null where no model of the process needs items. */
  readonly items: ItemTable | null;
  /** Weights learned so far; null: none yet. */
  readonly weights: Buffer | null;
}

/** What one source gave an item. */
export interface Proposal {
  readonly source: string;
  readonly score: number;
  /** 1 for the best of the source; 0: the source only scored it. */
  readonly rank: number;
}

export interface Explained extends Candidate {
  readonly proposals: readonly Proposal[];
  /** The user's own item that did most for it. */
  readonly because: string | null;
}

/** A retrieval whose weights are learned from what users do after a list was made (DESIGN 5). */
export interface Trainer {
  /** Versions with equal names share the weights. */
  readonly name: string;
  /**
   * Whether this user's lists are logged, by what the weights have learned so far: nothing logs
   * more users than `null`. `few`: the users alone who are logged whatever was learned.
   */
  logs(userId: string, weights: Buffer | null, few?: boolean): boolean;
  /** The list, and a note of all its candidates' features: the example as long as it is open. */
  note(
    profile: Profile,
    learned: readonly Learned[],
    world: World,
  ): { readonly candidates: readonly Candidate[]; readonly open: Buffer };
  /**
   * Closes an example by what the user did next; null where it teaches nothing. `seed` chooses the
   * negatives: a position, so that a repetition chooses the same.
   */
  close(
    open: Buffer,
    next: { readonly itemId: string; readonly atMs: number },
    seed: number,
  ): Buffer | null;
}

/**
 * Retrieval for one profile, in two reads over any number of sources. Arrays `[source][...]` are in
 * the order of `sources`.
 */
export interface PersonalRetrieval {
  readonly shared: false;
  readonly sources: readonly Source[];
  /** Whether `world.items` is needed. */
  readonly needsItems: boolean;
  readonly trainer: Trainer | null;
  /** Keys whose learned rows are wanted. */
  wants(profile: Profile): readonly (readonly string[])[];
  /** Keys whose small figures (row heads) are wanted next; `heads` are empty here. */
  figures(
    profile: Profile,
    learned: readonly Learned[],
    world: World,
  ): readonly (readonly string[])[];
  /** Best first, at most the configured depth. */
  rank(profile: Profile, learned: readonly Learned[], world: World): readonly Candidate[];
  /** As `rank`, with how it came about; null where there is no more to say than the score. */
  readonly explain:
    | ((profile: Profile, learned: readonly Learned[], world: World) => readonly Explained[])
    | null;
}

/** Retrieval that needs no profile: one list for all, from the partitions' rankings. */
export interface SharedRetrieval {
  readonly shared: true;
  readonly sources: readonly [Source];
  /**
   * Best first, at most the configured depth. `keep` says whether an item belongs (a category, say);
   * it is joined here because folds read no item data.
   */
  rank(rankings: readonly Buffer[], keep: (itemId: string) => boolean): readonly Candidate[];
}

/** How closed examples move the weights: runs in `weights`. */
export interface WeightsSide {
  /** Raised by hand when the same examples make other weights. */
  readonly revision: number;
  /** Null where the example teaches nothing. Pure: the same bytes for the same arguments. */
  learn(weights: Buffer | null, example: Buffer): Buffer | null;
}

export interface ModelKind<Learning, Config> {
  readonly kind: string;
  /** Raised by hand when learning gives another result for the same log. */
  readonly revision: number;
  readonly source: string;
  readonly learningSchema: z.ZodType<Learning>;
  readonly retrievalSchema: z.ZodType<Config>;
  /** Null: nothing is learned, and `itemSide` is never asked for. */
  readonly userSide: UserSide | null;
  itemSide(learning: Learning): ItemSide<unknown>;
  /** Null: nothing to train. */
  readonly weights: WeightsSide | null;
  retrieval(learning: Learning, config: Config): PersonalRetrieval | SharedRetrieval;
}
