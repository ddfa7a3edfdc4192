import { Redis } from 'ioredis';

import { messageOf, RefusedError, RetryableError } from '../errors.ts';
import {
  addressText,
  nodeText,
  parseRedisUrl,
  type RedisAddress,
  type RedisNode,
} from './address.ts';
import { type Client, connectOnce, type RedisConfig } from './connect.ts';
import { clusterWanted, redisFault } from './faults.ts';

/** One line of INFO or CLUSTER INFO; null: it does not say. */
const field = (info: string, name: string): string | null =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;

/** An evicted header would mean a full replay, an evicted row a wrong state. */
export function evictionIn(info: string, where: string): RefusedError | null {
  const policy = field(info, 'maxmemory_policy') ?? 'noeviction';
  if (policy === 'noeviction') return null;
  return new RefusedError(
    `Redis at ${where} evicts keys (maxmemory-policy ${policy}): state would be lost silently. ` +
      'Set `maxmemory-policy noeviction`',
  );
}

/** Why no state should be kept at the one Redis that a plain URL names. */
export function unfitness(info: string, where: string): Error | null {
  if (field(info, 'cluster_enabled') === '1') {
    return new RefusedError(`Redis at ${where}: ${clusterWanted}`);
  }
  if (field(info, 'role') === 'slave') {
    const primary = `${field(info, 'master_host')}:${field(info, 'master_port')}`;
    return new RetryableError(
      `Redis at ${where} is a replica of ${primary} and takes no writes: point ` +
        'FRESHET_REDIS_URL at the primary, or make this one the primary (REPLICAOF NO ONE)',
    );
  }
  return evictionIn(info, where);
}

/** Null where every slot is served. */
export function brokenCluster(clusterInfo: string, where: string): RetryableError | null {
  const state = field(clusterInfo, 'cluster_state');
  if (state === 'ok') return null;
  const served = field(clusterInfo, 'cluster_slots_ok') ?? '?';
  return new RetryableError(
    `the Redis Cluster at ${where} is not whole (cluster_state:${state}, ${served} of 16384 ` +
      `slots are served): see \`redis-cli --cluster check ${where}\``,
  );
}

/**
 * Called by whoever keeps state, before it reads any. A replica that does not answer is passed by:
 * it is asked when it has become a primary.
 */
export async function refuseUnfit(client: Client, config: RedisConfig): Promise<void> {
  if (client instanceof Redis) {
    const { mode } = parseRedisUrl(config.url);
    const where = nodeOf(client, config);
    const info = await client.info();
    const fault = mode === 'plain' ? unfitness(info, where) : evictionIn(info, where);
    if (fault !== null) throw fault;
    return;
  }
  for (const node of client.nodes('master')) {
    const fault = evictionIn(await node.info('memory'), nodeOf(node, config));
    if (fault !== null) throw fault;
  }
  for (const node of client.nodes('slave')) {
    const info = await node.info('memory').catch(() => '');
    const fault = evictionIn(info, nodeOf(node, config));
    if (fault !== null) throw fault;
  }
}

/**
 * A failover may lead to a server that was set up otherwise: whoever is primary anew is asked, and
 * every new connection. That to a replica of a cluster stays when the replica is promoted.
 */
export function watchFitness(
  client: Client,
  config: RedisConfig,
  onUnfit: (fault: RefusedError) => void,
): void {
  const ask = (node: Redis): void => {
    node.info('memory').then(
      (info) => {
        const fault = evictionIn(info, nodeOf(node, config));
        if (fault !== null) onUnfit(fault);
      },
      // Away again: then it is asked again when it is back.
      () => undefined,
    );
  };
  if (client instanceof Redis) {
    client.on('ready', () => ask(client));
    return;
  }
  client.on('+node', (node: Redis) => node.on('ready', () => ask(node)));
  let primaries = new Set(client.nodes('master'));
  client.on('refresh', () => {
    const now = new Set(client.nodes('master'));
    for (const node of now.difference(primaries)) ask(node);
    primaries = now;
  });
}

const nodeOf = (node: Redis, config: RedisConfig): string => {
  const address = parseRedisUrl(config.url);
  if (address.mode === 'sentinel') return addressText(address);
  const { host = '', port = 0 } = node.options;
  return nodeText({ host, port });
};

/** What the nodes themselves say when a client could not connect: the client's own words are poor. */
export async function whySilent(config: RedisConfig, error: unknown): Promise<Error> {
  const known = redisFault(error);
  if (known instanceof RefusedError) return known;
  const address = parseRedisUrl(config.url);
  const where = addressText(address);
  for (const node of address.nodes.slice(0, 3)) {
    const client = connectOnce(config, node);
    try {
      const said = await askNode(client, address, node);
      if (said !== null) return said;
    } catch (cause) {
      const fault = redisFault(cause);
      if (fault instanceof RefusedError) return fault;
      // Away: the next one may know.
    } finally {
      client.disconnect();
    }
  }
  return new RetryableError(`Redis does not answer at ${where} (${messageOf(error)})`, {
    cause: error,
  });
}

async function askNode(
  client: Redis,
  { mode, name }: RedisAddress,
  node: RedisNode,
): Promise<Error | null> {
  const where = nodeText(node);
  if (mode === 'plain') return null;
  const info = await client.info();
  if (mode === 'cluster') {
    if (field(info, 'cluster_enabled') !== '1') {
      return new RefusedError(
        `Redis at ${where} is no node of a Redis Cluster: FRESHET_REDIS_URL must be redis://${where}`,
      );
    }
    return brokenCluster(String(await client.cluster('INFO')), where);
  }
  if (field(info, 'redis_mode') !== 'sentinel') {
    return new RefusedError(
      `Redis at ${where} is no sentinel: FRESHET_REDIS_URL must name sentinels (port 26379, as a ` +
        `rule), or be redis://${where}`,
    );
  }
  const primary = await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
  if (!Array.isArray(primary)) {
    return new RefusedError(
      `the sentinel at ${where} knows no primary '${name}': see \`SENTINEL MASTERS\``,
    );
  }
  return new RetryableError(
    `the sentinel at ${where} says that ${primary.join(':')} is the primary, and it does not answer`,
  );
}
