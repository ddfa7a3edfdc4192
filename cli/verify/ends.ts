import type { CommonConfig } from '../../lib/config/common.ts';
import { RetryableError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { commands } from '../../topics/commands.ts';
import { repartitionedExposures } from '../../topics/repartitioned-exposures.ts';
import { exposures } from '../../topics/exposures.ts';
import { externalCandidates } from '../../topics/external-candidates.ts';
import { failedEvents } from '../../topics/failed-events.ts';
import { interactions } from '../../topics/interactions.ts';
import { itemSignals } from '../../topics/item-signals.ts';
import { items } from '../../topics/items.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { trainingExamples } from '../../topics/training-examples.ts';
import { userEvents } from '../../topics/user-events.ts';

/** First and next offset per partition of each topic. */
export type Ends = ReadonlyMap<
  string,
  { readonly low: readonly number[]; readonly high: number[] }
>;

export const endsOf = (ends: Ends, config: CommonConfig, topic: Topic) =>
  endsNamed(ends, topicName(config.prefix, topic));

/** By the topic's full name. */
export function endsNamed(ends: Ends, name: string) {
  const own = ends.get(name);
  if (own === undefined) throw new Error(`the ends of ${name} were not read`);
  return own;
}

/** In this order: against the flow. */
const endsOrder = [
  recommendations,
  repartitionedExposures,
  exposures,
  trainingExamples,
  itemSignals,
  interactions,
  failedEvents,
  userEvents,
  externalCandidates,
  commands,
  items,
  requests,
];

export async function topicEnds(config: CommonConfig): Promise<Ends> {
  const admin = await openAdmin(config.kafka);
  try {
    const names = endsOrder.map((topic) => topicName(config.prefix, topic));
    const there = await admin.partitionCounts(names);
    const missing = names.filter((name) => !there.has(name));
    if (missing.length > 0) throw new RetryableError(`topics are missing: ${missing.join(', ')}`);
    const ends = new Map<string, { low: number[]; high: number[] }>();
    for (const name of names) {
      const rows = await admin.topicOffsets(name);
      ends.set(name, { low: rows.map(({ low }) => low), high: rows.map(({ high }) => high) });
    }
    return ends;
  } finally {
    await admin.close();
  }
}
