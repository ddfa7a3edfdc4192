import { type ChainableCommander, Cluster, type Redis } from 'ioredis';
import { createHash } from 'node:crypto';

import { within } from '../deadline.ts';
import { messageOf, type RefusedError, RetryableError } from '../errors.ts';
import { type Client, commandMsMax, connect, type RedisConfig } from './connect.ts';
import { guarded } from './faults.ts';
import { refuseUnfit, watchFitness, whySilent } from './fitness.ts';
import { listKeys } from './listing.ts';

export type { RedisConfig } from './connect.ts';

/** A Lua script, sent by its hash and whole only where a node does not know it. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

export const script = (source: string): Script => ({
  source,
  sha: createHash('sha1').update(source).digest('hex'),
});

/**
 * The few commands that Freshet sends, to one Redis, one with sentinels, or a cluster. Every call
 * has a deadline, is sent once (a redirected one has not run), and throws RetryableError with the
 * outcome unknown when no reply came: ioredis would otherwise send again by itself, and a script
 * would run twice.
 */
export interface RedisPort {
  /** Values of keys that share one slot. */
  mget(keys: readonly string[]): Promise<(Buffer | null)[]>;
  /** Groups of keys, each group of one slot, in one round trip per node. */
  mgetMany(groups: readonly (readonly string[])[]): Promise<(Buffer | null)[][]>;
  /** Bytes start..end (inclusive) of each key; empty where there is none. */
  getRanges(
    requests: readonly { readonly key: string; readonly start: number; readonly end: number }[],
  ): Promise<Buffer[]>;
  eval(run: Script, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>;
  getString(key: string): Promise<string | null>;
  setString(key: string, value: string): Promise<void>;
  /** False when the key was there already. */
  setIfAbsent(key: string, value: string): Promise<boolean>;
  setMembers(key: string): Promise<string[]>;
  info(section: string): Promise<string>;
  memoryUsage(key: string): Promise<number>;
  /**
   * All keys that match, node by node, in pages; no order, and some may come twice. Throws
   * RetryableError, at its end at the latest, where keys may be missing: see listing.ts.
   */
  scan(pattern: string): AsyncGenerator<string[]>;
  del(key: string): Promise<void>;
  close(): Promise<void>;
}

export async function openRedis(config: RedisConfig): Promise<RedisPort> {
  return portOf(await opened(config));
}

/**
 * For whoever keeps state: refuses a Redis that would lose it, now and after every failover. Then
 * every call throws RefusedError.
 */
export async function openStateRedis(config: RedisConfig): Promise<RedisPort> {
  const client = await opened(config);
  try {
    await guarded(() => refuseUnfit(client, config));
  } catch (error) {
    client.disconnect();
    throw error;
  }
  let unfit: RefusedError | null = null;
  watchFitness(client, config, (fault) => {
    unfit = fault;
  });
  return portOf(client, () => unfit);
}

async function opened(config: RedisConfig): Promise<Client> {
  const client = connect(config);
  // Without a listener a lost connection would end the process; calls report it themselves.
  client.on('error', () => undefined);
  try {
    await inTime(client, () => client.ping());
    return client;
  } catch (error) {
    client.disconnect();
    throw await whySilent(config, error);
  }
}

/** A cluster with no node to send to keeps commands for ever. */
async function inTime<T>(client: Client, work: () => Promise<T>): Promise<T> {
  if (!(client instanceof Cluster)) return work();
  const done = await within(commandMsMax, work());
  if (done === 'late') throw new RetryableError('Redis: no node of the cluster took the command');
  return done as T;
}

function portOf(client: Client, unfit: () => RefusedError | null = () => null): RedisPort {
  const ask = <T>(work: () => Promise<T>): Promise<T> => {
    const fault = unfit();
    return fault === null ? guarded(() => inTime(client, work)) : Promise.reject(fault);
  };
  return {
    mget: (keys) => ask(() => client.mgetBuffer(...keys)),
    mgetMany: (groups) => ask(() => mgetMany(client, groups)),
    getRanges: (requests) => ask(() => getRanges(client, requests)),
    eval: (run, keys, args) => ask(() => evaluate(client, run, { keys, args })),
    getString: (key) => ask(() => client.get(key)),
    setString: (key, value) => ask(async () => void (await client.set(key, value))),
    setIfAbsent: (key, value) => ask(async () => (await client.setnx(key, value)) === 1),
    setMembers: (key) => ask(() => client.smembers(key)),
    info: (section) => ask(async () => anyNode(client).info(section)),
    memoryUsage: (key) => ask(async () => (await client.memory('USAGE', key)) ?? 0),
    scan: async function* scan(pattern) {
      const pages = listKeys(client, pattern);
      for (;;) {
        const page = await ask(() => pages.next());
        if (page.done === true) return;
        yield page.value;
      }
    },
    del: (key) => ask(async () => void (await client.del(key))),
    close: async () => client.disconnect(),
  };
}

function anyNode(client: Client): Redis {
  if (!(client instanceof Cluster)) return client;
  const [node] = client.nodes('master');
  if (node === undefined) throw new RetryableError('Redis: no node is connected');
  return node;
}

async function mgetMany(
  client: Client,
  groups: readonly (readonly string[])[],
): Promise<(Buffer | null)[][]> {
  const get = async (keys: readonly string[]): Promise<(Buffer | null)[]> =>
    keys.length === 0 ? [] : client.mgetBuffer(...keys);
  // A cluster sends each group to its own node; a pipeline over several nodes would be refused.
  if (client instanceof Cluster || groups.length < 2) return Promise.all(groups.map(get));
  const asked = groups.filter((keys) => keys.length > 0);
  const pipeline = client.pipeline();
  for (const keys of asked) pipeline.mgetBuffer(...keys);
  const replies = await repliesOf<(Buffer | null)[]>(pipeline);
  let at = 0;
  return groups.map((keys) => (keys.length === 0 ? [] : (replies[at++] ?? [])));
}

async function getRanges(
  client: Client,
  requests: readonly { readonly key: string; readonly start: number; readonly end: number }[],
): Promise<Buffer[]> {
  if (requests.length === 0) return [];
  if (client instanceof Cluster) {
    return Promise.all(
      requests.map(({ key, start, end }) => client.getrangeBuffer(key, start, end)),
    );
  }
  const pipeline = client.pipeline();
  for (const { key, start, end } of requests) pipeline.getrangeBuffer(key, start, end);
  return repliesOf<Buffer>(pipeline);
}

/** A pipeline resolves even where its commands failed: every reply is looked at. */
async function repliesOf<Reply>(pipeline: ChainableCommander): Promise<Reply[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error !== null) throw error;
    return reply as Reply;
  });
}

async function evaluate(
  client: Client,
  run: Script,
  { keys, args }: { keys: readonly string[]; args: readonly (string | Buffer)[] },
): Promise<unknown> {
  try {
    return await client.evalsha(run.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
    // Nothing ran: the node did not know the script.
    return client.eval(run.source, keys.length, ...keys, ...args);
  }
}
