import { newestIn, offsetIn } from '../../lib/stream/header.ts';
import type { ItemTable } from '../../models/item-table.ts';
import { readSeen } from '../../schemas/packed/seen-items.ts';
import { lastServedMs, readServed } from '../../schemas/packed/served.ts';
import { decodeAttributes, lastSeenMs } from '../../schemas/packed/user-features.ts';
import type { Basis } from './outputs.ts';
import type { KeptAt, RequestPlan } from './plan.ts';
import type { Read } from './reads.ts';
import { judgedWith, type RuleFacts } from './rules.ts';

export interface FactSources {
  readonly read: Read;
  readonly items: ItemTable;
  readonly itemOffsets: readonly number[];
  readonly types: readonly string[];
  readonly profileAttributes: readonly string[];
  readonly atMs: number;
}

/** What is stated of it, so that rules can be judged again. */
export type FactsBasis = Pick<Basis, 'seenOffset' | 'seenSinceMs' | 'servedOffset' | 'judgedWith'>;

/** What the rules of one request look at, and what the answer says of that. */
export const ruleFacts = (
  plan: RequestPlan,
  from: FactSources,
): { readonly facts: RuleFacts; readonly basis: FactsBasis } => {
  const { accepted, needs } = plan;
  const { read } = from;
  const { request, context, page } = accepted;
  const header = plan.seen === null ? null : (read.get(plan.seen.header) ?? null);
  const seen = readSeen(plan.seen === null ? null : (read.get(plan.seen.row) ?? null), {
    horizonMs: plan.seen?.horizonMs ?? null,
    newestMs: stands(header).newestMs,
  });
  const profile = needs.profile ? rowOf(plan.features, read, lastSeenMs) : null;
  const facts: RuleFacts = {
    userId: request.user_id,
    seen,
    items: from.items,
    excluded: request.exclude.length === 0 ? nothing : new Set(request.exclude),
    profile: profile === null ? noProfile : decodeAttributes(profile, from.profileAttributes),
    request: request.attributes,
    served: readServed(rowOf(plan.served, read, lastServedMs), context.definition.context),
    earlier: page?.shown ?? [],
    atMs: from.atMs,
    types: from.types,
  };
  return {
    facts,
    basis: {
      seenOffset: plan.seen === null ? -1 : stands(header).offset,
      seenSinceMs: seen.since,
      servedOffset: plan.served === null ? -1 : stands(read.get(plan.served.header) ?? null).offset,
      judgedWith: { ...judgedWith(context.definition.rules, facts), ...revisionsOf(plan, from) },
    },
  };
};

const nothing: ReadonlySet<string> = new Set();
const noProfile: ReadonlyMap<string, string> = new Map();

/** Attributes and profiles have revisions of their own, said where rules looked at them. */
const revisionsOf = (
  { needs, features }: RequestPlan,
  { items, itemOffsets, read }: FactSources,
): Record<string, string> => {
  const revisions: Record<string, string> = {};
  const offsets = needs.attributes.length === 0 ? null : items.attributeOffsets();
  if (offsets !== null && offsets.some((offset, at) => offset !== itemOffsets[at]))
    revisions[attributeRevision] = offsets.join();
  if (needs.profile && features !== null)
    revisions[profileRevision] = String(stands(read.get(features.header) ?? null).offset);
  return revisions;
};

/** Offsets of `items` that attributes are of, where they are others than `item_offsets`. */
export const attributeRevision = 'revision.attributes';
/** Offset of `interactions` up to which the user's profile was folded. */
export const profileRevision = 'revision.profile';
/** The set of internal topics that offsets of interactions are of; left out: the first. */
export const topicSetRevision = 'revision.topic-set';

interface Stands {
  readonly offset: number;
  readonly newestMs: number;
}

const known = new WeakMap<Buffer, Stands>();

/** Where a partition stands: read out once for all its users of a batch. */
const stands = (header: Buffer | null): Stands => {
  const before = header === null ? undefined : known.get(header);
  if (before !== undefined) return before;
  const read = { offset: offsetIn(header), newestMs: newestIn(header) };
  if (header !== null) known.set(header, read);
  return read;
};

/** Null: there is none, or it is past the horizon, swept or not. */
const rowOf = (at: KeptAt | null, read: Read, lastMs: (row: Buffer) => number): Buffer | null => {
  const row = at === null ? null : (read.get(at.row) ?? null);
  if (at === null || row === null || at.horizonMs === null) return row;
  const newestMs = stands(read.get(at.header) ?? null).newestMs;
  return lastMs(row) + at.horizonMs < newestMs ? null : row;
};
