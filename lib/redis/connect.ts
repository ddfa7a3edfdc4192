import { Cluster, Redis, type RedisOptions } from 'ioredis';

import { parseRedisUrl, type RedisAddress } from './address.ts';
import { SentinelClient } from './sentinel-client.ts';

/** Without what the constructors declare in another way. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

export interface RedisConfig {
  /**
   * redis://[user:password@]host:port[/db]; redis+sentinel://host:port,.../name[/db];
   * redis+cluster://host:port,...; with rediss for TLS.
   */
  readonly url: string;
  /** Instead of those in the URL: so that a password can come from a file. */
  readonly username?: string;
  readonly password?: string;
  /** What rediss needs beyond what the system trusts, as texts in PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Sentinels have users of their own. */
  readonly sentinel?: { readonly username?: string; readonly password?: string };
}

export type Client = Redis | Cluster;

/** No call takes longer: a cluster without nodes would else keep it for ever. */
export const commandMsMax = 5_000;
const connectMsMax = 3_000;
const sentinelMsMax = 1_000;
const slotsRefreshMs = 2_000;

/**
 * Each command is sent once: what was sent and not answered has an unknown outcome, and whoever
 * sent it must look. A connection on which nothing comes is given up, since TCP
 * would keep it for a quarter of an hour after its host is gone; and so is one to a primary that
 * has become a replica.
 */
const common = {
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: commandMsMax,
  socketTimeout: commandMsMax + 500,
  connectTimeout: connectMsMax,
  keepAlive: 5_000,
  // Only 7.2 knows the command; where it does, its log of refusals would be full of it.
  disableClientInfo: true,
  retryStrategy: (times: number) => Math.min(100 * times, 1_000),
  reconnectOnError: (error: Error) => /(^|-)READONLY /.test(error.message),
} satisfies ClientOptions;

const credentialsOf = (config: RedisConfig, address: RedisAddress): ClientOptions => {
  const username = config.username ?? address.username;
  const password = config.password ?? address.password;
  return {
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(address.tls ? { tls: { ...config.tls } } : {}),
  };
};

export function connect(config: RedisConfig): Client {
  const address = parseRedisUrl(config.url);
  const options = { ...common, ...credentialsOf(config, address) };
  const { db, mode, nodes } = address;
  if (mode === 'cluster') return connectCluster(address, options);
  if (mode === 'plain') return new Redis({ ...options, ...nodes[0], db });
  const { username, password } = config.sentinel ?? {};
  return new SentinelClient({
    ...options,
    db,
    name: address.name,
    role: 'master',
    sentinels: nodes.map((node) => ({ ...node })),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(address.tls ? { sentinelTLS: { ...config.tls }, enableTLSForSentinelMode: true } : {}),
    sentinelCommandTimeout: sentinelMsMax,
    sentinelRetryStrategy: (times) => Math.min(100 * times, 1_000),
    // A primary that hangs, or is cut off, says nothing of its successor: its sentinels do.
    failoverDetector: true,
    sentinelReconnectStrategy: () => 5_000,
    sentinelMaxConnections: 3,
  });
}

function connectCluster({ nodes }: RedisAddress, options: ClientOptions): Cluster {
  return new Cluster(
    nodes.map((node) => ({ ...node })),
    {
      redisOptions: options,
      enableOfflineQueue: true,
      // By default a command whose reply was lost is sent again.
      retryDelayOnFailover: 0,
      // What was redirected, or refused because a slot is on the move, has not run.
      retryDelayOnTryAgain: 100,
      retryDelayOnClusterDown: 100,
      maxRedirections: 16,
      // A primary that hangs redirects nobody.
      slotsRefreshInterval: slotsRefreshMs,
      slotsRefreshTimeout: sentinelMsMax,
      clusterRetryStrategy: (times) => Math.min(100 * times, 1_000),
      // Certificates are made out for names: those are looked up with every connection.
      dnsLookup: (host, done) => done(null, host),
    },
  );
}

/** A connection for questions about a node itself: given up at once, and never made again. */
export function connectOnce(
  config: RedisConfig,
  node: { readonly host: string; readonly port: number },
): Redis {
  const address = parseRedisUrl(config.url);
  const isSentinel = address.mode === 'sentinel';
  const { username, password } = config.sentinel ?? {};
  const own: ClientOptions = isSentinel
    ? {
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        ...(address.tls ? { tls: { ...config.tls } } : {}),
      }
    : credentialsOf(config, address);
  const client = new Redis({
    ...own,
    ...node,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: sentinelMsMax,
    commandTimeout: sentinelMsMax,
  });
  client.on('error', () => undefined);
  return client;
}
