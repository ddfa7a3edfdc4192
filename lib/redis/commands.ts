import type { RedisPort } from './redis-port.ts';

export type RedisCall = Exclude<keyof RedisPort, 'close'>;

/** What each call of the port sends, as an ACL names it. */
export const commandsOf: Readonly<Record<RedisCall, readonly string[]>> = {
  mget: ['mget'],
  mgetMany: ['mget'],
  getRanges: ['getrange'],
  eval: ['evalsha', 'eval'],
  getString: ['get'],
  setString: ['set'],
  setIfAbsent: ['setnx'],
  setMembers: ['smembers'],
  info: ['info'],
  memoryUsage: ['memory|usage'],
  scan: ['scan'],
  del: ['del'],
};

/** What the client itself sends, whatever it is used for: to connect, and to learn a cluster. */
export const connectionCommands: readonly string[] = [
  'ping',
  'info',
  // Where the URL names a database; it keeps nobody apart, so nobody is kept out of one.
  'select',
  'cluster|slots',
  'cluster|nodes',
  'cluster|info',
  'readonly',
  // A replica that was promoted is a replica no more to its connections either.
  'readwrite',
  'asking',
  // The client names the connection on which it would hear of a cluster's channels.
  'client|setname',
];

/** What scripts send; they are run with the rights of whoever sent them. */
export const scriptCommands: readonly string[] = [
  'get',
  'set',
  'mset',
  'setrange',
  'sadd',
  'scard',
  'strlen',
  'unlink',
];
