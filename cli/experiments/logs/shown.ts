import type { CommonConfig } from '../../../lib/config/common.ts';
import { UserError } from '../../../lib/errors.ts';
import { readLog } from '../../../lib/kafka/read-log.ts';
import type { Exposure } from '../../../schemas/generated/exposure.ts';
import { exposures } from '../../../topics/exposures.ts';
import { exposureKinds } from '../../../topics/reserved-types.ts';
import { topicName } from '../../../topics/topic.ts';
import { openDecoder } from '../../data/topic-values.ts';

/** What a user was shown on a first page. */
export interface Shown {
  readonly answerId: string;
  readonly userId: string;
  readonly servedMs: number;
  readonly answeredBy: string;
  readonly items: readonly { readonly itemId: string; readonly propensity: number | null }[];
}

const answersMax = 2_000_000;
const dayMs = 86_400_000;

/**
 * First pages of a context of the last days before its newest exposure, each answer once, in the
 * order in which they were served. In an experiment or not: what was shown was shown.
 */
export async function readShown(
  config: CommonConfig,
  { context, days }: { readonly context: string; readonly days: number },
): Promise<readonly Shown[]> {
  const decoder = openDecoder<Exposure>(config, exposures);
  const byAnswer = new Map<string, Shown>();
  let newestMs = 0;
  const log = readLog({ kafka: config.kafka, topic: topicName(config.prefix, exposures) });
  for await (const records of log) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      if (!decoded.ok) continue;
      const one = decoded.value;
      if (one.kind === exposureKinds.forget) forget(byAnswer, one.user_id);
      if (one.kind !== exposureKinds.answer) continue;
      if (one.context_id !== context || one.page > 0) continue;
      newestMs = Math.max(newestMs, one.served_at);
      if (one.served_at < newestMs - days * dayMs) continue;
      if (!byAnswer.has(one.answer_id)) byAnswer.set(one.answer_id, shownOf(one));
      if (byAnswer.size > answersMax)
        throw new UserError(
          `there are over ${answersMax} answers of '${context}' within ${days} days: take fewer with --days`,
        );
    }
  }
  return [...byAnswer.values()]
    .filter(({ servedMs }) => servedMs >= newestMs - days * dayMs)
    .toSorted((a, b) => a.servedMs - b.servedMs);
}

function forget(byAnswer: Map<string, Shown>, userId: string): void {
  for (const [id, shown] of byAnswer) if (shown.userId === userId) byAnswer.delete(id);
}

const shownOf = (one: Exposure): Shown => ({
  answerId: one.answer_id,
  userId: one.user_id,
  servedMs: one.served_at,
  answeredBy: one.answered_by,
  items: one.items.map(({ item_id: itemId, propensity }) => ({ itemId, propensity })),
});
