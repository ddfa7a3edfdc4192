import { RefusedError, RetryableError } from '../errors.ts';
import type { KafkaAdmin } from '../kafka/admin.ts';
import { recordHash } from './record-hash.ts';
import type { Header } from './header.ts';
import type { LogRecord } from './topology.ts';

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
  /** Looks again whether anything is stored. */
  readonly storedByNow: () => Promise<boolean>;
  /** How often the log was said to end before the state after a pause, each longer than the last. */
  readonly shortLooks: number;
}

/** A broker says for now that the log ends before what has been folded of it. */
export class ShortLogError extends RetryableError {}

/** Some six seconds: a broker that was frozen has heard by then that it leads nothing any more. */
const shortLooksMax = 4;

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
    if (progress > low && !bootstrap) {
      // Progress that was made after `header` was read is another owner's, and nothing is lost.
      if (await claim.storedByNow())
        throw new RetryableError(`${topic}/${partition} has been folded by another owner`);
      throw new RefusedError(lostState(service, topic, partition));
    }
    return { offset: low, verify: null };
  }
  const next = header.offsets[input] ?? 0;
  const hash = header.hashes[input] ?? '';
  if (next > high) {
    // A leader that was overtaken says for a moment where its log ended then.
    if (claim.shortLooks < shortLooksMax)
      throw new ShortLogError(`${topic}/${partition} is said to end at ${high}, before ${next}`);
    throw new RefusedError(otherLog(service, topic, partition));
  }
  if (next < low && hash !== '') {
    throw new RefusedError(cutLog(service, { topic, partition, next, low }));
  }
  return hash !== '' && next - 1 >= low
    ? { offset: next - 1, verify: hash }
    : { offset: Math.max(next, low), verify: null };
}

/** Records not folded yet; the one before them is compared with what was folded last. */
export function pendingOf(
  records: readonly LogRecord[],
  at: { readonly service: string; readonly next: number; readonly verify: string | null },
): readonly LogRecord[] {
  const { service, next, verify } = at;
  const [first] = records;
  if (first === undefined || first.offset >= next) return records;
  // An earlier record than the one that was asked for means that the log is shorter than our
  // offset; none of them, that retention took it in the meantime.
  if (verify !== null && !(first.offset === next - 1 && recordHash(first) === verify))
    throw new RefusedError(otherLog(service, first.topic, first.partition));
  return records.filter(({ offset }) => offset >= next);
}

export const lostState = (service: string, topic: string, partition: number): string =>
  `${service}: Redis holds no state for ${topic}/${partition}, but the service has folded it ` +
  `before: state was lost. Stop the service and fold it again from the log: ` +
  `\`npx freshet rebuild ${service}\` (or start it once with --bootstrap, and readers see how it grows)`;

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
  `begin anew as runbooks/another-log.md says: its readers must not take the new log for the old one`;
