import { type ChainableCommander, Cluster, Redis } from 'ioredis';
import { createHash } from 'node:crypto';

import { messageOf, RefusedError, RetryableError } from '../errors.ts';

export interface RedisConfig {
  /** redis://[user:password@]host:port[/db], or a list of them, with commas, for a cluster. */
  readonly url: string;
}

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
 * The few commands that Freshet sends. Every call has a deadline, is sent once, and throws
 * RetryableError with the outcome unknown when no reply came: ioredis would otherwise send again
 * by itself, and a script would run twice (CLIENT-TRAPS C1).
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
  /** All keys that match, node by node, in pages; no order. */
  scan(pattern: string): AsyncGenerator<string[]>;
  del(key: string): Promise<void>;
  close(): Promise<void>;
}

type Client = Redis | Cluster;

const commandMsMax = 5_000;

const common = {
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: commandMsMax,
  connectTimeout: commandMsMax,
  keepAlive: 5_000,
  retryStrategy: (times: number) => Math.min(100 * times, 1_000),
};

export async function openRedis(config: RedisConfig): Promise<RedisPort> {
  const client = connect(config);
  // Without a listener a lost connection would end the process; calls report it themselves.
  client.on('error', () => undefined);
  try {
    await client.ping();
  } catch (error) {
    client.disconnect();
    throw new RetryableError(`Redis does not answer at ${hostsOf(config)}`, { cause: error });
  }
  return portOf(client);
}

function connect(config: RedisConfig): Client {
  const urls = config.url.split(',').map((url) => new URL(url.trim()));
  const [first] = urls;
  if (first === undefined) throw new RefusedError('FRESHET_REDIS_URL is empty');
  const credentials = {
    ...(first.username === '' ? {} : { username: decodeURIComponent(first.username) }),
    ...(first.password === '' ? {} : { password: decodeURIComponent(first.password) }),
    ...(first.protocol === 'rediss:' ? { tls: {} } : {}),
  };
  const nodeOf = (url: URL): { host: string; port: number } => ({
    host: url.hostname,
    port: Number(url.port === '' ? 6379 : url.port),
  });
  if (urls.length === 1) {
    const db = Number(first.pathname.slice(1));
    return new Redis({ ...common, ...credentials, ...nodeOf(first), db });
  }
  return new Cluster(urls.map(nodeOf), {
    enableOfflineQueue: true,
    redisOptions: { ...common, ...credentials },
  });
}

const hostsOf = (config: RedisConfig): string => config.url.replaceAll(/\/\/[^@/]*@/g, '//');

/** Errors that say 'not now': loading, failover, full memory, a slot on the move. */
const passing = /^(LOADING|BUSY|READONLY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|OOM|NOREPLICAS|MISCONF)/;

function redisFault(error: unknown): Error {
  const text = messageOf(error);
  if (error instanceof Error && error.name === 'ReplyError' && !passing.test(text)) {
    if (/^(NOPERM|NOAUTH|WRONGPASS)/.test(text)) return new RefusedError(`Redis: ${text}`);
    return error;
  }
  // ioredis means a lost connection, and speaks of retries, of which it makes none.
  if (/max retries per request/i.test(text)) {
    const where = 'at FRESHET_REDIS_URL or where `npx freshet status` says';
    return new RetryableError(`Redis does not answer ${where}`, { cause: error });
  }
  return new RetryableError(`Redis: ${text}`, { cause: error });
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw redisFault(error);
  }
}

function portOf(client: Client): RedisPort {
  const nodes = (): Redis[] => (client instanceof Cluster ? client.nodes('master') : [client]);
  const anyNode = (): Redis => {
    const [node] = nodes();
    if (node === undefined) throw new RetryableError('Redis: no node is connected');
    return node;
  };
  return {
    mget: (keys) => guarded(async () => client.mgetBuffer(...keys)),
    mgetMany: (groups) => guarded(async () => mgetMany(client, groups)),
    getRanges: (requests) => guarded(async () => getRanges(client, requests)),
    eval: (run, keys, args) => guarded(async () => evaluate(client, run, { keys, args })),
    getString: (key) => guarded(async () => client.get(key)),
    setString: (key, value) => guarded(async () => void (await client.set(key, value))),
    setIfAbsent: (key, value) => guarded(async () => (await client.setnx(key, value)) === 1),
    setMembers: (key) => guarded(async () => client.smembers(key)),
    info: (section) => guarded(async () => anyNode().info(section)),
    memoryUsage: (key) => guarded(async () => (await client.memory('USAGE', key)) ?? 0),
    scan: async function* scan(pattern) {
      for (const node of nodes()) {
        let cursor = '0';
        do {
          const [next, keys] = await guarded(async () =>
            node.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000),
          );
          cursor = next;
          if (keys.length > 0) yield keys;
        } while (cursor !== '0');
      }
    },
    del: (key) => guarded(async () => void (await client.del(key))),
    close: async () => client.disconnect(),
  };
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
