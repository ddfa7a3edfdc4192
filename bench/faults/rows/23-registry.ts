import { userEvents } from '../../../topics/user-events.ts';
import { topicName } from '../../../topics/topic.ts';
import { type BedWorker, type FaultBed, FaultMissed, type FaultRow } from '../row.ts';
import type { InjectOptions } from '../row.ts';
import { type RegistryFault, startStubRegistry, type StubRegistry } from '../stub-registry.ts';
import { answered, pause, until } from '../waiting.ts';
import { nowAside, setAside } from './22-poison.ts';

const faults: readonly RegistryFault[] = ['hang', 'slow', 'error', 'too_many', 'not_found'];
const waitMsMax = 60_000;
/** Registered by nobody: whoever meets it has to ask. */
const unknownId = 0x7fff_fff0;

/**
 * The registry hangs, fails, is slow or is not there. What is known goes on being decoded; an id
 * that nobody knows is waited for while the registry is in trouble, and set aside when it says no.
 */
export const row: FaultRow = {
  row: 23,
  title: 'registry faults',
  inject: async (bed, options) => {
    const stub = await startStubRegistry(bed.registryProcess.port);
    try {
      for (const { registry } of bed.workers) registry.retarget(stub.port);
      await knownGoOn(bed, stub, options);
      await unknownWaits(bed, stub, options);
      await waitsAtTheStart(bed, stub, options);
      return { figures: { asked_in_trouble: stub.faulted } };
    } finally {
      stub.fail('none');
      for (const { registry } of bed.workers) registry.retarget(bed.registryProcess.port);
      await stub.close();
    }
  },
};

const acceptedBy = async (workers: readonly BedWorker[]): Promise<number> => {
  let sum = 0;
  for (const worker of workers)
    sum += await worker.metric('freshet_records_total', 'service="ingest",outcome="accepted"');
  return sum;
};

async function knownGoOn(
  bed: FaultBed,
  stub: StubRegistry,
  { seconds, signal }: InjectOptions,
): Promise<void> {
  for (const fault of [...faults, 'not_json', 'wrong_json'] as const) {
    stub.fail(fault);
    const before = await answered(() => acceptedBy(bed.workers), {
      withinMs: waitMsMax,
      what: 'all workers say what they took',
      signal,
    });
    await pause((seconds * 1_000) / 10, signal);
    const more = async (): Promise<boolean> => (await acceptedBy(bed.workers)) > before;
    await until(more, { withinMs: waitMsMax, what: `known ids go on (${fault})`, signal });
  }
}

async function unknownWaits(
  bed: FaultBed,
  stub: StubRegistry,
  { random, signal }: InjectOptions,
): Promise<void> {
  const topic = topicName(bed.config.prefix, userEvents);
  for (const fault of ['error', 'hang'] as const) {
    const before = await nowAside(bed, signal);
    const faulted = stub.faulted;
    stub.fail(fault);
    const value = Buffer.alloc(10);
    value.writeUInt32BE(unknownId - random.whole(0, 1_000_000), 1);
    await bed.load.send([{ topic, key: 'u1', value }]);
    const asked = (): boolean => stub.faulted > faulted + 1;
    await until(asked, { withinMs: waitMsMax, what: `the registry is asked (${fault})`, signal });
    if ((await nowAside(bed, signal)).size > before.size)
      throw new FaultMissed(`set aside while the registry was in trouble (${fault})`);
    stub.fail('none');
    const there = async (): Promise<boolean> => (await setAside(bed)).size === before.size + 1;
    await until(there, { withinMs: waitMsMax, what: 'an unknown id is set aside', signal });
    const reasons = [...(await nowAside(bed, signal)).values()].map(({ reason }) => reason);
    if (reasons.at(-1) === undefined || !reasons.includes('unknown_schema'))
      throw new FaultMissed('an unknown id was not set aside as such');
  }
}

async function waitsAtTheStart(
  bed: FaultBed,
  stub: StubRegistry,
  { random, signal }: InjectOptions,
): Promise<void> {
  const worker = random.pick(bed.workers);
  await worker.stop();
  stub.fail('error');
  await worker.start();
  const faulted = stub.faulted;
  const asks = (): boolean => stub.faulted > faulted + 3;
  await until(asks, { withinMs: waitMsMax, what: 'a start without a registry asks', signal });
  if (!worker.running) throw new FaultMissed('a start without a registry ended');
  stub.fail('none');
  await worker.ready(signal);
}
