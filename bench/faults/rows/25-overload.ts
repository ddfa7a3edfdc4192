import { openEncoder } from '../../../lib/avro/encoder.ts';
import { monotonicMs, now } from '../../../lib/clock.ts';
import type { OutMessage } from '../../../lib/kafka/log-record.ts';
import { type Request, requestSchema } from '../../../schemas/generated/request.ts';
import { requests } from '../../../topics/requests.ts';
import { topicName } from '../../../topics/topic.ts';
import { residentMb } from '../../cpu.ts';
import { type FaultBed, FaultMissed, type FaultRow, type InjectOptions } from '../row.ts';
import { pause } from '../waiting.ts';

const burst = 2_000;
const betweenMs = 200;
/** What a worker may grow by under a flood that is many times this. */
const growthMbMax = 250;
const jumping = new URL('../clock-jump.ts', import.meta.url).href;
const statuses = ['ok', 'overloaded', 'expired', 'invalid'] as const;

/**
 * Far more requests than can be answered, a third of them one user's, some far too large, while
 * the clock of one worker jumps by an hour. Every one is answered, most of them `overloaded`.
 */
export const row: FaultRow = {
  row: 25,
  title: 'overload: a flood of requests, one hot user, a clock that jumps',
  alone: true,
  recoverySecondsMax: 120,
  inject: async (bed, options) => {
    const jumper = options.random.pick(bed.workers);
    await jumper.stop();
    await jumper.start({ NODE_OPTIONS: `--import ${jumping}` });
    await jumper.ready(options.signal);
    const before = await statusesOf(bed);
    const mbBefore = memoryOf(bed);
    const sent = await flood(bed, options, () => process.kill(jumper.pid, 'SIGUSR2'));
    const mb = Math.max(...memoryOf(bed).map((now, n) => now - (mbBefore[n] ?? now)));
    if (mb > growthMbMax) throw new FaultMissed(`a worker grew by ${mb} MB`);
    const after = await statusesOf(bed);
    const figures = Object.fromEntries(
      statuses.map((status) => [`answers_${status}`, after[status] - before[status]]),
    );
    if ((figures['answers_overloaded'] ?? 0) === 0 && !options.signal.aborted)
      throw new FaultMissed('nobody was told that there are too many');
    return { figures: { flood: sent, grown_mb: mb, ...figures } };
  },
};

const memoryOf = (bed: FaultBed): number[] => bed.workers.map(({ pid }) => residentMb(pid).now);

async function statusesOf(bed: FaultBed): Promise<Record<(typeof statuses)[number], number>> {
  const counts = { ok: 0, overloaded: 0, expired: 0, invalid: 0 };
  for (const worker of bed.workers) {
    for (const status of statuses)
      counts[status] += await worker.metric('freshet_requests_total', `status="${status}"`);
  }
  return counts;
}

async function flood(
  bed: FaultBed,
  { seconds, random, signal }: InjectOptions,
  jump: () => void,
): Promise<number> {
  const topic = topicName(bed.config.prefix, requests);
  const encode = await openEncoder<Request>(bed.registry, `${topic}-value`, requestSchema);
  const run = random.whole(0, 1_000_000_000);
  const endsAt = monotonicMs() + seconds * 1_000;
  let sent = 0;
  for (let round = 0; monotonicMs() < endsAt && !signal.aborted; round += 1) {
    const messages = Array.from({ length: burst }, (_, n): OutMessage => {
      const correlation = `flood-${run}-${sent + n}`;
      bed.load.expectAnswer(correlation);
      const userId = n % 3 === 0 ? 'hot' : `u${random.whole(0, 199)}`;
      const value = n % 500 === 1 ? Buffer.alloc(100_000) : encode(requestOf(userId, n));
      return { topic, key: userId, value, headers: { 'correlation-id': correlation } };
    });
    await bed.load.send(messages);
    sent += burst;
    if (round % 10 === 5) jump();
    await pause(betweenMs, signal);
  }
  return sent;
}

const requestOf = (userId: string, n: number): Request => ({
  user_id: userId,
  context_id: 'home-feed',
  count: null,
  exclude: [],
  session: [],
  deadline_at: n % 4 === 0 ? now() + 1_000 : null,
  attributes: {},
  page_token: null,
  consent: true,
});
