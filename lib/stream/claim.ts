import { RefusedError, RetryableError } from '../errors.ts';
import type { KafkaAdmin } from '../kafka/admin.ts';
import type { Header } from './header.ts';

export interface Claim {
  readonly service: string;
  readonly admin: KafkaAdmin;
  readonly groupId: string;
  readonly bootstrap: boolean;
  readonly topic: string;
  readonly partition: number;
  readonly input: number;
  /** What Redis holds; null: nothing. */
  readonly header: Header | null;
}

export interface Start {
  /** Fetch from here. */
  readonly offset: number;
  /** The first record to come must have this hash: it is the last one that was folded. */
  readonly verify: string | null;
}

/** Where to fetch from, with everything compared that would make going on wrong (DESIGN 4.4). */
export async function startOf(claim: Claim): Promise<Start> {
  const { admin, service, bootstrap, topic, partition, input, header } = claim;
  const ends = (await admin.topicOffsets(topic)).find((row) => row.partition === partition);
  if (ends === undefined) throw new RetryableError(`${topic}/${partition} is not there yet`);
  const { low, high } = ends;
  if (header === null) {
    const progress = (await admin.groupOffsets(claim.groupId, topic)).get(partition) ?? -1;
    if (progress > low && !bootstrap) throw new RefusedError(lostState(service, topic, partition));
    return { offset: low, verify: null };
  }
  const next = header.offsets[input] ?? 0;
  const hash = header.hashes[input] ?? '';
  if (next > high) throw new RefusedError(otherLog(service, topic, partition));
  if (next < low && hash !== '') {
    throw new RefusedError(cutLog(service, { topic, partition, next, low }));
  }
  return hash !== '' && next - 1 >= low
    ? { offset: next - 1, verify: hash }
    : { offset: Math.max(next, low), verify: null };
}

/**
 * Markers of transactions and compaction leave holes in a log. A hole that begins below the log's
 * first offset is a loss: the client goes on silently where an offset is out of range, so it is looked for whenever records are missing.
 */
export async function refuseCut(
  { admin, service }: { readonly admin: KafkaAdmin; readonly service: string },
  at: { topic: string; partition: number; next: number; first: number },
): Promise<void> {
  const { topic, partition, next, first } = at;
  if (first <= next || next === 0) return;
  const low = (await admin.topicOffsets(topic)).find((row) => row.partition === partition)?.low;
  if ((low ?? 0) > next) throw new RefusedError(cutLog(service, { topic, partition, next, low }));
}

export const lostState = (service: string, topic: string, partition: number): string =>
  `${service}: Redis holds no state for ${topic}/${partition}, but the service has folded it ` +
  `before: state was lost. To fold it again from the log, start once with --bootstrap ` +
  `(\`npx freshet run ${service} --bootstrap\`)`;

const cutLog = (
  service: string,
  at: { topic: string; partition: number; next: number; low: number | undefined },
): string =>
  `${service}: ${at.topic}/${at.partition} begins at ${at.low}, but its state stands at ${at.next}: ` +
  `retention removed records that were never folded. To fold anew what is left, stop the ` +
  `service, run \`npx freshet reset ${service}\` and start it again`;

export const otherLog = (service: string, topic: string, partition: number): string =>
  `${service}: ${topic}/${partition} is not the log that the stored state was folded from (it was ` +
  `deleted and made again, or this is another cluster). Point the service at the old log, or ` +
  `remove its state with \`npx freshet reset ${service}\``;
