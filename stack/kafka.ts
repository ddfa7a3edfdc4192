import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StackError } from './errors.ts';
import type { Guardian } from './guardian.ts';
import { type LocalPart, reasonIn } from './local-part.ts';
import { kafkaAnswers } from './probes.ts';
import { brokerSettings, heap } from './settings.ts';

const logging = fileURLToPath(new URL('./log4j2.yaml', import.meta.url));

export interface BrokerPorts {
  readonly client: number;
  readonly controller: number;
}

export interface KafkaOptions {
  readonly java: string;
  readonly jarsDir: string;
  readonly dataDir: string;
  readonly logsDir: string;
  /** One entry per broker. */
  readonly ports: readonly BrokerPorts[];
}

/** The file that broker `id` (from 1) is started with. */
export function serverProperties(id: number, ports: readonly BrokerPorts[], dir: string): string {
  const own = ports[id - 1];
  if (own === undefined) throw new Error(`broker ${id} has no ports`);
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': ports
      .map(({ controller }, index) => `${index + 1}@127.0.0.1:${controller}`)
      .join(','),
    listeners: `PLAINTEXT://127.0.0.1:${own.client},CONTROLLER://127.0.0.1:${own.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${own.client}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    // A backslash would be an escape here.
    'log.dirs': dir.replaceAll('\\', '/'),
    ...brokerSettings(ports.length === 3 ? 3 : 1),
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Writes the brokers' files, formats what is new, and says how to start each broker. */
export async function prepareKafka(
  guardian: Guardian,
  options: KafkaOptions,
): Promise<readonly LocalPart[]> {
  const { dataDir, ports } = options;
  const clusterId = readClusterId(dataDir);
  const formatted = readdirSync(dataDir).filter((name) => /^broker-\d$/.test(name)).length;
  if (formatted !== 0 && formatted !== ports.length) {
    throw new StackError(
      `${dataDir} holds the data of ${formatted} broker(s), not of ${ports.length}.`,
      `start ${formatted}, or delete the data with npx freshet down --delete`,
    );
  }
  const brokers = ports.map((own, index) => describeBroker(index + 1, own, options));
  await Promise.all(brokers.map(async (broker) => format(guardian, broker, clusterId)));
  return brokers;
}

interface Broker extends LocalPart {
  readonly logDir: string;
  readonly properties: string;
}

function describeBroker(id: number, own: BrokerPorts, options: KafkaOptions): Broker {
  const { dataDir, java, jarsDir, logsDir, ports } = options;
  const logDir = join(dataDir, `broker-${id}`);
  const properties = join(dataDir, `broker-${id}.properties`);
  writeFileSync(properties, serverProperties(id, ports, logDir));
  const name = id === 1 ? 'kafka' : `kafka-${id}`;
  return {
    name,
    title: id === 1 ? 'Kafka' : `Kafka (broker ${id})`,
    command: java,
    args: [
      ...heap.kafka,
      '-XX:+ExitOnOutOfMemoryError',
      '-Djava.net.preferIPv4Stack=true',
      `-Dlog4j2.configurationFile=${logging}`,
      '-cp',
      join(jarsDir, '*'),
      'kafka.Kafka',
      properties,
    ],
    dir: dataDir,
    logFile: join(logsDir, `${name}.log`),
    answers: async () => kafkaAnswers(own.client, ports.length),
    logDir,
    properties,
  };
}

/** All brokers of one cluster carry its id, from their first start on. */
export function readClusterId(dataDir: string): string {
  const file = join(dataDir, 'cluster-id');
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(file)) {
    // A leading minus would be read as an option.
    writeFileSync(file, randomBytes(16).toString('base64url').replace(/^-/, 'A'));
  }
  return readFileSync(file, 'utf8');
}

async function format(guardian: Guardian, broker: Broker, clusterId: string): Promise<void> {
  if (existsSync(join(broker.logDir, 'meta.properties'))) return;
  const name = `${broker.name}-format`;
  const logFile = broker.logFile.replace(/\.log$/, '-format.log');
  const args = broker.args.slice(broker.args.indexOf('-Djava.net.preferIPv4Stack=true'), -2);
  await guardian.spawn({
    name,
    command: broker.command,
    args: [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      ...args,
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      broker.properties,
    ],
    cwd: broker.dir,
    logFile,
    append: false,
  });
  let exit = guardian.exitOf(name);
  while (exit === undefined) {
    await pause(20);
    exit = guardian.exitOf(name);
  }
  if (exit.code === 0) return;
  throw new StackError(
    `${broker.title} could not format its folder: ${reasonIn(readFileSync(logFile, 'utf8'))}.`,
    `read ${logFile}`,
  );
}
