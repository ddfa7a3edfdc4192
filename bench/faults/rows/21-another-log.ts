import { now } from '../../../lib/clock.ts';
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

interface Known {
  readonly features: {
    readonly first_seen: string;
    readonly session: { readonly events: number };
  } | null;
}
/** Of 300 events of 50 users. */
const eventsOfOne = 6;
const madeMsMax = 30_000;
/** Longer than the session of the group. */
const awayMs = 5_000;

export async function madeAgain(aside: Aside): Promise<void> {
  await aside.publish(200);
  await aside.fold(['ingest', 'user-features']);
  const topic = aside.nameOf(userEvents);
  await aside.admin.deleteTopics([topic]);
  const made = async (): Promise<boolean> => {
    await aside.admin.createTopics([specOf(userEvents, aside.config)]);
    return true;
  };
  await until(made, { withinMs: madeMsMax, what: `${topic} is made again` });
  // As many as there were: by its length alone it might be the same log.
  const sinceMs = now();
  await aside.publish(300);
  const said = await aside.refusal(['ingest']);
  if (!said.includes('is not the log that the stored state'))
    throw new FaultMissed(`another log was not refused: ${said}`);
  await begunAnew(aside, sinceMs);
}

/**
 * As runbooks/another-log.md says: all of the new log counts, and nothing of the old one. Under the
 * old identity positions of both logs would be taken for one another.
 */
async function begunAnew(aside: Aside, sinceMs: number): Promise<void> {
  const services = ['ingest', 'user-features'];
  for (const service of services) await aside.type(`reset ${service} --yes`);
  await aside.fold(services, { FRESHET_INGEST_IDS_MAX: '262145' });
  const { features } = JSON.parse(await aside.type('user u1 --json')) as Known;
  const events = features?.session.events ?? 0;
  // It is kept in whole seconds.
  const isNew = Date.parse(features?.first_seen ?? '') > sinceMs - 1_000;
  if (events !== eventsOfOne || !isNew)
    throw new FaultMissed(`of a user ${events} events count since ${features?.first_seen}`);
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
