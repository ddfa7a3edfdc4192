import { specOf } from '../../../topics/apply.ts';
import { interactions } from '../../../topics/interactions.ts';
import { userEvents } from '../../../topics/user-events.ts';
import { type Aside, openAside, refusalOf } from '../aside.ts';
import { FaultMissed, type FaultRow } from '../row.ts';
import { until } from '../waiting.ts';

/** The log is another one than the state is of: made again, or cut into more partitions. */
export const row: FaultRow = {
  row: 21,
  title: 'topic made again, partitions added',
  inject: async ({ config, dir }) => {
    const cases = { again: madeAgain, more: partitionsAdded, running: partitionsAddedWhileRunning };
    for (const [name, happens] of Object.entries(cases)) {
      const aside = await openAside({ at: config, dir, prefix: `log-${name}` });
      try {
        await happens(aside);
      } finally {
        await aside.close();
      }
    }
    return { notes: 'another log and another partition count are refused' };
  },
};

const madeMsMax = 30_000;
/** Longer than the session of the group. */
const awayMs = 5_000;

export async function madeAgain(aside: Aside): Promise<void> {
  await aside.publish(200);
  await aside.fold(['ingest']);
  const topic = aside.nameOf(userEvents);
  await aside.admin.deleteTopics([topic]);
  const made = async (): Promise<boolean> => {
    await aside.admin.createTopics([specOf(userEvents, aside.config)]);
    return true;
  };
  await until(made, { withinMs: madeMsMax, what: `${topic} is made again` });
  // As many as there were: by its length alone it might be the same log.
  await aside.publish(300);
  const said = await aside.refusal(['ingest']);
  if (!said.includes('is not the log that the stored state'))
    throw new FaultMissed(`another log was not refused: ${said}`);
}

/** The topics within are cut as the identity of every state says. */
export async function partitionsAdded(aside: Aside): Promise<void> {
  await aside.publish(200);
  await aside.fold(['ingest', 'user-features']);
  await aside.admin.createPartitions(aside.nameOf(interactions), 3);
  const said = await aside.refusal(['user-features']);
  if (!said.includes('has 3 partitions and FRESHET_PARTITIONS is 2'))
    throw new FaultMissed(`more partitions were not refused: ${said}`);
}

/** Whoever runs hears of it when the group is joined again: here, by being away for too long. */
export async function partitionsAddedWhileRunning(aside: Aside): Promise<void> {
  await aside.publish(200);
  await aside.fold(['ingest', 'user-features']);
  const said = await refusalOf(async () => {
    const running = await aside.run(['user-features']);
    await aside.admin.createPartitions(aside.nameOf(interactions), 3);
    process.kill(running.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    process.kill(running.pid, 'SIGCONT');
    return running;
  });
  if (!said.includes('partitions than its state was folded from'))
    throw new FaultMissed(`more partitions were not refused: ${said}`);
}
