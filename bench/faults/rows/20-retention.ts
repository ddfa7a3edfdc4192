import { kafkaClient } from '../../../lib/kafka/client.ts';
import { userEvents } from '../../../topics/user-events.ts';
import { caughtUp, foldsOf, storedOffsets } from '../../progress.ts';
import { type Aside, openAside, refusalOf } from '../aside.ts';
import { FaultMissed, type FaultRow } from '../row.ts';

/**
 * Retention takes records that were not folded yet. Nobody goes on as if nothing had been: not who
 * starts, and not who was only slow.
 */
export const row: FaultRow = {
  row: 20,
  title: 'retention overtook the consumer',
  inject: async ({ config, dir }) => {
    for (const slow of [false, true]) {
      const aside = await openAside({ at: config, dir, prefix: `cut-${slow ? 'slow' : 'away'}` });
      try {
        await (slow ? overtakenWhileSlow(aside) : overtakenWhileAway(aside));
      } finally {
        await aside.close();
      }
    }
    return { notes: 'a log that was cut is refused, at the start and while running' };
  },
};

const cutSays = /begins at \d+, but its state stands at \d+: .*retention removed records/;

export async function overtakenWhileAway(aside: Aside): Promise<void> {
  await aside.publish(400);
  await aside.fold(['ingest']);
  const before = await offsetsOf(aside);
  await aside.publish(400);
  await cut(aside, 10);
  expectCut(await aside.refusal(['ingest']));
  const after = await offsetsOf(aside);
  if (after !== before) throw new FaultMissed(`the state moved on: ${before} -> ${after}`);
}

/** Frozen while the log is cut: the client's own reaction is to go on at the log's new beginning. */
export async function overtakenWhileSlow(aside: Aside): Promise<void> {
  await aside.publish(100);
  const said = await refusalOf(async () => {
    const running = await aside.run(['ingest']);
    // Who has folded nothing yet has nothing to miss, and begins where the log begins.
    await Promise.race([caughtUp(aside, ['ingest']), running.ended]);
    process.kill(running.pid, 'SIGSTOP');
    // These answer the fetch that was open: they lie in the socket, and no cut can take them.
    await aside.publish(50);
    await aside.publish(400);
    await cut(aside, 10);
    process.kill(running.pid, 'SIGCONT');
    return running;
  });
  expectCut(said);
}

function expectCut(said: string): void {
  if (!cutSays.test(said)) throw new FaultMissed(`a cut log was not refused: ${said}`);
}

async function offsetsOf(aside: Aside): Promise<string> {
  const [fold] = foldsOf('ingest');
  return fold === undefined ? '' : JSON.stringify(await storedOffsets(aside, fold));
}

/** Takes all but the last `left` records of each partition of user-events. */
async function cut(aside: Aside, left: number): Promise<void> {
  const topic = aside.nameOf(userEvents);
  const deleting = kafkaClient(aside.config.kafka).admin();
  await deleting.connect();
  try {
    // The client deletes records only of topics that it has just heard of.
    const ends = await deleting.fetchTopicOffsets(topic);
    await deleting.deleteTopicRecords({
      topic,
      partitions: ends.map(({ partition, high }) => ({
        partition,
        offset: String(Number(high) - left),
      })),
    });
  } finally {
    await deleting.disconnect();
  }
}
