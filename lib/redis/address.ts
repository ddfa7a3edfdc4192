import { UserError } from '../errors.ts';

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, as FRESHET_REDIS_URL says it. */
export interface RedisAddress {
  readonly mode: 'plain' | 'sentinel' | 'cluster';
  /** The one; or the sentinels; or some nodes of the cluster, which name the others. */
  readonly nodes: readonly RedisNode[];
  /** What sentinels call the primary. */
  readonly name: string;
  readonly db: number;
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
}

export const redisUrlForms =
  'takes redis://host:port, redis+sentinel://host:port,host:port/name or ' +
  'redis+cluster://host:port,host:port (rediss for TLS)';

const form = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#\s]+)(?:\/([^?#\s]*))?$/;

/** Throws UserError, and repeats nothing of a text that may hold a password. */
export function parseRedisUrl(url: string): RedisAddress {
  const several = url.split(/,\s*(?=rediss?:\/\/)/);
  if (several.length > 1) return listed(several);
  const match = form.exec(url.trim());
  if (match === null) throw wrong();
  const [, scheme, kind, user = '', hosts = '', path = ''] = match;
  const mode = kind === 'sentinel' || kind === 'cluster' ? kind : 'plain';
  const nodes = hosts.split(',').map((host) => nodeOf(host, mode === 'sentinel' ? 26_379 : 6_379));
  if (mode === 'plain' && nodes.length > 1) throw wrong();
  const [name = '', db = ''] = mode === 'sentinel' ? path.split('/') : ['', path];
  if (mode === 'sentinel' && name === '') throw wrong();
  if (mode === 'cluster' && Number(db) !== 0) throw wrong();
  if (!/^\d{0,4}$/.test(db)) throw wrong();
  const [username = '', ...rest] = user.split(':');
  return {
    mode,
    nodes,
    name: decoded(name),
    db: Number(db),
    tls: scheme === 'rediss',
    username: decoded(username),
    password: decoded(rest.join(':')),
  };
}

/** `redis://a:1,redis://b:2`: some nodes of a cluster, in the older form. */
function listed(urls: readonly string[]): RedisAddress {
  const parsed = urls.map(parseRedisUrl);
  const [first] = parsed;
  if (first === undefined || parsed.some(({ mode, db }) => mode !== 'plain' || db !== 0)) {
    throw wrong();
  }
  return { ...first, mode: 'cluster', nodes: parsed.flatMap(({ nodes }) => nodes) };
}

function nodeOf(text: string, usualPort: number): RedisNode {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? usualPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) throw wrong();
  return { host, port: number };
}

const wrong = (): UserError => new UserError(`FRESHET_REDIS_URL ${redisUrlForms}`);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong();
  }
}

/** Whether a text is a URL of one of the forms. */
export function isRedisUrl(url: string): boolean {
  try {
    parseRedisUrl(url);
    return true;
  } catch {
    return false;
  }
}

export const nodeText = ({ host, port }: RedisNode): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** For messages: without user and password. */
export function addressText({ mode, nodes, name }: RedisAddress): string {
  const hosts = nodes.map(nodeText).join(', ');
  return mode === 'sentinel' ? `the primary '${name}' of the sentinels at ${hosts}` : hosts;
}
