import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { prepareKafka } from '../../stack/kafka.ts';
import type { LocalPart } from '../../stack/local-part.ts';
import { kafkaAnswers } from '../../stack/probes.ts';
import type { Client } from './clients.ts';
import type { Making } from './making.ts';
import { PartProcess } from './part-process.ts';

const brokersCount = 3;

/** Small, since there are three; and compiled only lightly, since none of them lives long. */
const jvm = ['-Xms96m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface MakingBrokers {
  /** By client, the port of its listener at each broker. */
  readonly listenerPorts: ReadonlyMap<string, readonly number[]>;
  make(clients: readonly Client[]): Promise<readonly PartProcess[]>;
}

/**
 * Every client has a listener of its own at every broker, and that listener advertises the client's
 * link: so all of its connections pass its links, also those to brokers that it learns of later.
 */
export async function makeBrokers(
  making: Making,
  clients: readonly string[],
): Promise<MakingBrokers> {
  const ports: { client: number; controller: number }[] = [];
  const listenerPorts = new Map<string, number[]>(clients.map((name) => [name, []]));
  for (let broker = 0; broker < brokersCount; broker += 1) {
    ports.push({ client: await making.port(), controller: await making.port() });
    for (const own of listenerPorts.values()) own.push(await making.port());
  }
  const { downloads, guardian, java, logsDir } = making;
  const dataDir = join(making.dir, 'kafka');
  const jarsDir = downloads.kafkaDir;
  const make = async (opened: readonly Client[]): Promise<readonly PartProcess[]> => {
    const parts = await prepareKafka(guardian, { java, jarsDir, dataDir, logsDir, ports });
    const brokers: PartProcess[] = [];
    const alive = (): number => brokers.filter(({ running, frozen }) => running && !frozen).length;
    parts.forEach((part, broker) => {
      const own = ports[broker];
      if (own === undefined) throw new Error(`broker ${broker} has no ports`);
      const listeners = opened.map(({ name, kafka }) => ({
        name: name.toUpperCase(),
        port: listenerPorts.get(name)?.[broker] ?? 0,
        advertised: kafka[broker]?.port ?? 0,
      }));
      const properties = part.args.at(-1) ?? '';
      appendFileSync(properties, withListeners(own, listeners));
      const light = {
        ...part,
        args: [...jvm, ...part.args.filter((arg) => !/^-Xm[sx]/.test(arg))],
        // Those that are down or frozen cannot be waited for.
        answers: () => kafkaAnswers(own.client, alive()),
      } satisfies LocalPart;
      brokers.push(
        new PartProcess({
          guardian,
          name: part.name,
          port: own.client,
          dataDir: join(dataDir, `broker-${broker + 1}`),
          part: () => light,
        }),
      );
    });
    return brokers;
  };
  return { listenerPorts, make };
}

interface Listener {
  readonly name: string;
  readonly port: number;
  readonly advertised: number;
}

/** Of settings that are named twice, brokers take the last. */
export function withListeners(
  own: { readonly client: number; readonly controller: number },
  listeners: readonly Listener[],
): string {
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${port}`;
  const settings: Record<string, string> = {
    listeners: [
      at('PLAINTEXT', own.client),
      at('CONTROLLER', own.controller),
      ...listeners.map(({ name, port }) => at(name, port)),
    ].join(','),
    'advertised.listeners': [
      at('PLAINTEXT', own.client),
      ...listeners.map(({ name, advertised }) => at(name, advertised)),
    ].join(','),
    'listener.security.protocol.map': [
      'PLAINTEXT',
      'CONTROLLER',
      ...listeners.map(({ name }) => name),
    ]
      .map((name) => `${name}:PLAINTEXT`)
      .join(','),
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
