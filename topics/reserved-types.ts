import { createHash } from 'node:crypto';

import type { Interaction, MergedEvent } from '../schemas/generated/interaction.ts';
import { topicName } from './topic.ts';
import { userEvents } from './user-events.ts';

/** Types of events that say something of their user, and are no acts. None can be configured. */
export const forgetType = 'freshet.forget';
/** The user is the one whom this attribute names. On `interactions`: that one, who gets the events. */
export const mergeType = 'freshet.merge';
export const intoAttribute = 'into';
/** On `interactions` alone: the user is another one from now on. */
export const mergedType = 'freshet.merged';

const reserved: ReadonlySet<string> = new Set([forgetType, mergeType, mergedType]);

export const isReserved = (type: string): boolean => reserved.has(type);

/** Whether what is kept of acts is to go; `experiments` alone makes a difference between the two. */
export const endsUser = (type: string): boolean => type === forgetType || type === mergedType;

type Acted = Pick<Interaction, 'type' | 'item_id' | 'occurred_at' | 'merged'>;

/** What an interaction says that its user did: of a merge, all that another user did. */
export const actsOf = (input: Acted): readonly MergedEvent[] =>
  input.type === mergeType ? input.merged : [input];

/**
 * What ingest says on topics of others carries positions of `user-events`, and is named by that log
 * and not by ingest's identity: said again by a rebuilt one, it is the same.
 */
export const reservedLineage = (prefix: string): string =>
  createHash('sha256')
    .update(`reserved ${topicName(prefix, userEvents)}`)
    .digest('base64url')
    .slice(0, 12);

/** Of a record on `exposures`. */
export const exposureKinds = { answer: 'answer', forget: 'forget', merged: 'merged' } as const;
