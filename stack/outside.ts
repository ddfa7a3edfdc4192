import { isRedisUrl, nodeText, parseRedisUrl } from '../lib/redis/address.ts';
import type { StackEnvironment } from './config.ts';
import { StackError } from './errors.ts';
import { listens } from './probes.ts';
import type { StartedParts } from './started-parts.ts';
import { hostAndPort } from './state.ts';

/** The addresses that the environment gives, each of which must answer. */
export async function checkOutside(
  environment: StackEnvironment,
): Promise<StartedParts['addresses']> {
  const { kafkaBrokers, prometheusUrl, redisUrl, registryUrl } = environment;
  const checks: Promise<void>[] = [];
  if (kafkaBrokers !== undefined) checks.push(checkBrokers(kafkaBrokers));
  if (registryUrl !== undefined) checks.push(checkUrl('FRESHET_REGISTRY_URL', registryUrl));
  if (redisUrl !== undefined) checks.push(checkRedis(redisUrl));
  await Promise.all(checks);
  return {
    ...(kafkaBrokers === undefined ? {} : { kafkaBrokers }),
    ...(registryUrl === undefined ? {} : { registryUrl }),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(prometheusUrl === undefined ? {} : { prometheusUrl }),
  };
}

/** One of the brokers is enough: clients learn the others from it. */
async function checkBrokers(brokers: string): Promise<void> {
  const answers = await Promise.all(
    brokers.split(',').map(async (address) => {
      if (!/^\S+:\d+$/.test(address.trim())) throw malformed('FRESHET_KAFKA_BROKERS', brokers);
      const { host, port } = hostAndPort(`kafka://${address.trim()}`);
      return listens(host, port);
    }),
  );
  if (!answers.includes(true)) throw silent('FRESHET_KAFKA_BROKERS', brokers);
}

/** One of the nodes or sentinels is enough, as with brokers. */
async function checkRedis(url: string): Promise<void> {
  // In a text of no form nobody knows where a password begins and ends.
  const shown = url.includes('@') ? '...' : url;
  if (!isRedisUrl(url)) throw malformed('FRESHET_REDIS_URL', shown);
  const address = parseRedisUrl(url);
  const answers = await Promise.all(address.nodes.map(({ host, port }) => listens(host, port)));
  if (!answers.includes(true))
    throw silent('FRESHET_REDIS_URL', address.nodes.map(nodeText).join(', '));
}

async function checkUrl(variable: string, value: string): Promise<void> {
  let address;
  try {
    address = hostAndPort(value);
  } catch {
    throw malformed(variable, value);
  }
  if (await listens(address.host, address.port)) return;
  throw silent(variable, `${address.host}:${address.port}`);
}

const examples: Readonly<Record<string, string>> = {
  FRESHET_KAFKA_BROKERS: 'broker-1:9092,broker-2:9092',
  FRESHET_REGISTRY_URL: 'http://registry:8081',
  FRESHET_REDIS_URL: 'redis://redis:6379 or redis+cluster://redis-1:6379,redis-2:6379',
};

function malformed(variable: string, value: string): StackError {
  return new StackError(
    `${variable}=${value} is not an address.`,
    `give one like ${examples[variable]}, or unset ${variable} to have one started`,
  );
}

function silent(variable: string, address: string): StackError {
  return new StackError(
    `Nothing listens at ${address} (${variable}).`,
    `start it, or unset ${variable} to have one started`,
  );
}
