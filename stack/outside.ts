import type { StackEnvironment } from './config.ts';
import { StackError } from './errors.ts';
import { listens } from './probes.ts';
import type { StartedParts } from './started-parts.ts';

const defaultPorts: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'redis:': 6379,
  'rediss:': 6379,
};

/** The addresses that the environment gives, each of which must answer. */
export async function checkOutside(
  environment: StackEnvironment,
): Promise<StartedParts['addresses']> {
  const { kafkaBrokers, prometheusUrl, redisUrl, registryUrl } = environment;
  await Promise.all([
    kafkaBrokers === undefined ? undefined : checkBrokers(kafkaBrokers),
    registryUrl === undefined ? undefined : checkUrl('FRESHET_REGISTRY_URL', registryUrl),
    redisUrl === undefined ? undefined : checkUrl('FRESHET_REDIS_URL', redisUrl),
  ]);
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
      const [, host, port] = /^(.+):(\d+)$/.exec(address.trim()) ?? [];
      if (host === undefined)
        throw malformed('FRESHET_KAFKA_BROKERS', brokers, 'host:port,host:port');
      return listens(host.replace(/^\[|\]$/g, ''), Number(port));
    }),
  );
  if (!answers.includes(true)) throw silent('FRESHET_KAFKA_BROKERS', brokers);
}

async function checkUrl(variable: string, value: string): Promise<void> {
  const url = URL.parse(value);
  const port = Number(url?.port) || defaultPorts[url?.protocol ?? ''];
  if (url === null || url.hostname === '' || port === undefined) {
    throw malformed(
      variable,
      value,
      variable.includes('REDIS') ? 'redis://host:6379' : 'http://host:8081',
    );
  }
  if (!(await listens(url.hostname.replace(/^\[|\]$/g, ''), port)))
    throw silent(variable, url.host);
}

function malformed(variable: string, value: string, example: string): StackError {
  return new StackError(
    `${variable}=${value} is not an address.`,
    `give one like ${example}, or unset ${variable} to have one started`,
  );
}

function silent(variable: string, address: string): StackError {
  return new StackError(
    `Nothing listens at ${address} (${variable}).`,
    `start it, or unset ${variable} to have one started`,
  );
}
