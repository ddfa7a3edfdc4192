import { TopicDecoder } from '../../../lib/avro/decoder.ts';
import { readLog } from '../../../lib/kafka/read-log.ts';
import { type FailedEvent, failedEventSchema } from '../../../schemas/generated/failed-event.ts';
import { failedEvents } from '../../../topics/failed-events.ts';
import { topicName } from '../../../topics/topic.ts';
import { userEvents } from '../../../topics/user-events.ts';
import { type Aside, openAside } from '../aside.ts';
import { type Poison, poisonFor } from '../poison-values.ts';
import { type FaultBed, FaultMissed, type FaultRow } from '../row.ts';
import { answered, pause, until } from '../waiting.ts';

const setAsideMsMax = 60_000;
const everyMs = 2_000;

/** Bad records among good ones: each is set aside once, and the partition goes on. */
export const row: FaultRow = {
  row: 22,
  title: 'poison records',
  inject: async (bed, { seconds, signal }) => {
    const topic = topicName(bed.config.prefix, userEvents);
    const poison = await poisonFor(topic, bed.registry);
    const before = await nowAside(bed, signal);
    const rounds = Math.max(1, Math.floor((seconds * 1_000) / everyMs));
    for (let round = 0; round < rounds && !signal.aborted; round += 1) {
      await bed.load.send(poison.map(({ value }, n) => ({ topic, key: `u${n}`, value })));
      await pause(everyMs, signal);
    }
    const wanted = rounds * poison.length;
    const since = async (): Promise<Map<string, FailedEvent>> => {
      const found = await nowAside(bed, signal);
      for (const id of before.keys()) found.delete(id);
      return found;
    };
    const all = async (): Promise<boolean> => (await since()).size >= wanted;
    await until(all, { withinMs: setAsideMsMax, what: 'all poison is set aside', signal });
    expectReasons(await since(), { poison, rounds });
    const aside = await openAside({ at: bed.config, dir: bed.dir, prefix: 'poison-limit' });
    try {
      await stopsAtTheLimit(aside);
    } finally {
      await aside.close();
    }
    return { figures: { set_aside: wanted } };
  },
};

/** What lies on failed-events, by id. */
export async function setAside({
  config,
  registry,
}: Pick<FaultBed, 'config' | 'registry'>): Promise<Map<string, FailedEvent>> {
  const topic = topicName(config.prefix, failedEvents);
  const decoder = new TopicDecoder<FailedEvent>({
    registry,
    subject: `${topic}-value`,
    schema: failedEventSchema,
    valueBytesMax: 2 ** 21,
  });
  const found = new Map<string, FailedEvent>();
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { key, value } of records) {
      const decoded = decoder.decode(value);
      if (decoded.ok) found.set(String(key), decoded.value);
    }
  }
  return found;
}

/** The same, where a broker may be frozen just now. */
export const nowAside = (bed: FaultBed, signal: AbortSignal): Promise<Map<string, FailedEvent>> =>
  answered(() => setAside(bed), {
    withinMs: setAsideMsMax,
    what: 'failed-events can be read',
    signal,
  });

function expectReasons(
  found: ReadonlyMap<string, FailedEvent>,
  { poison, rounds }: { readonly poison: readonly Poison[]; readonly rounds: number },
): void {
  const counted = (reasons: readonly string[]): string =>
    Object.entries(Object.groupBy(reasons, (reason) => reason))
      .map(([reason, all]) => `${reason} ${all?.length}`)
      .toSorted()
      .join(', ');
  const wanted = counted(
    poison.flatMap(({ reason }) => Array.from({ length: rounds }, () => reason)),
  );
  const got = counted([...found.values()].map(({ reason }) => reason));
  if (got !== wanted) throw new FaultMissed(`set aside: ${got}; wanted: ${wanted}`);
}

/** So much poison is a bad deploy: the partition stops, says so, and the process lives on. */
export async function stopsAtTheLimit(aside: Aside): Promise<void> {
  const topic = aside.nameOf(userEvents);
  const running = await aside.run(['ingest']);
  try {
    await aside.publish(100);
    const bad = Array.from({ length: 150 }, () => ({
      topic,
      partition: 0,
      key: null,
      value: null,
    }));
    await aside.send(bad);
    const stopped = async (): Promise<boolean> => {
      const text = await (await fetch(`${running.url}/metrics`)).text();
      return /^freshet_partition_stopped\{[^}]*partition="0"[^}]*\} 1$/m.test(text);
    };
    await until(stopped, { withinMs: setAsideMsMax, what: 'the partition stops' });
    const { size } = await setAside(aside);
    if (size > 101) throw new FaultMissed(`${size} were set aside before the partition stopped`);
    const ready = await (await fetch(`${running.url}/readyz`)).text();
    if (!ready.includes('is stopped')) throw new FaultMissed(`readyz says: ${ready}`);
  } finally {
    await running.stop();
  }
}
