import type { z } from 'zod';

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

/** User side: runs in `signals`. Its configuration is the service's, so that versions share it. */
export interface UserSide {
  /**
   * Channel on item-signals, one byte; unique among kinds. A user side that teaches otherwise for
   * the same interaction takes a new one: channels are part of the identity of `signals`.
   */
  readonly channel: number;
  /**
   * `recents`: the user's distinct items before this interaction, newest first by event time. A
   * late event finds newer ones there too.
   */
  signals(itemId: string, atMs: number, recents: readonly RecentItem[]): readonly Signal[];
}

/** Item side: runs in `learning`. Knows only its own item's signals; prunes by its own figures. */
export interface ItemSide<Row, Ranking = unknown> {
  readonly layout: number;
  readonly rows: RowCodec<Row>;
  /** Changes the row in place, or makes one; null when the signal teaches nothing. */
  learn(row: Row | undefined, signal: Signal, context: SignalContext): Row | null;
  /** Bytes at the head of a stored row that hold its small figures (count and the like). */
  readonly headBytes: number;
  /** One ranking per partition, kept beside the rows. */
  readonly ranking:
    | (RowCodec<Ranking> & {
        readonly empty: () => Ranking;
        /** Called after each signal with the item's new row. Changes the ranking in place. */
        place(ranking: Ranking, item: string, row: Row): void;
      })
    | null;
}

/** A user as retrieval sees one. Newest first. */
export interface Profile {
  readonly recents: readonly RecentItem[];
}

export interface Candidate {
  readonly itemId: string;
  readonly score: number;
}

/** Retrieval for one profile, in two reads. */
export interface PersonalRetrieval {
  readonly shared: false;
  /** Items whose learned rows are wanted. */
  wants(profile: Profile): readonly string[];
  /** Items whose small figures (row heads) are wanted next. */
  figures(profile: Profile, rows: ReadonlyMap<string, Buffer>): readonly string[];
  /** Best first, at most the configured depth. */
  rank(
    profile: Profile,
    rows: ReadonlyMap<string, Buffer>,
    heads: ReadonlyMap<string, Buffer>,
  ): readonly Candidate[];
}

/** Retrieval that needs no profile: one list for all, from the partitions' rankings. */
export interface SharedRetrieval {
  readonly shared: true;
  /**
   * Best first, at most the configured depth. `keep` says whether an item belongs (a category, say);
   * it is joined here because folds read no item data.
   */
  rank(rankings: readonly Buffer[], keep: (itemId: string) => boolean): readonly Candidate[];
}

export interface ModelKind<Learning, Config> {
  readonly kind: string;
  /** Raised by hand when learning gives another result for the same log. */
  readonly revision: number;
  readonly source: string;
  readonly learningSchema: z.ZodType<Learning>;
  readonly retrievalSchema: z.ZodType<Config>;
  readonly userSide: UserSide;
  itemSide(learning: Learning): ItemSide<unknown>;
  retrieval(learning: Learning, config: Config): PersonalRetrieval | SharedRetrieval;
}
