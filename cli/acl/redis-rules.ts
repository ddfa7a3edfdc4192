import {
  commandsOf,
  connectionCommands,
  type RedisCall,
  scriptCommands,
} from '../../lib/redis/commands.ts';
import { buildsKey } from '../../lib/stream/builds.ts';
import { currentKey } from '../../lib/stream/current.ts';
import { topicSetsKey } from '../../lib/stream/topic-sets.ts';
import { prefixesFor, setsInUse } from './sets-in-use.ts';
import { foldCodes, hasIdentities, type ServiceAccess, serviceAccess } from './service-access.ts';

/** What one user may do on Redis. */
export interface RedisRules {
  readonly commands: readonly string[];
  readonly keys: readonly KeyRule[];
}

export interface KeyRule {
  readonly access: 'read' | 'write';
  /** In Redis's own globs. */
  readonly pattern: string;
}

const readerCalls = ['mget', 'mgetMany', 'getRanges', 'getString', 'info'] as const;
const keeperCalls = [...readerCalls, 'eval', 'setIfAbsent', 'setMembers'] as const;
const operatorCalls = Object.keys(commandsOf) as RedisCall[];

const commandsFor = (calls: readonly RedisCall[]): string[] => {
  const sent = calls.flatMap((call) => commandsOf[call]);
  const scripts = calls.includes('eval') ? scriptCommands : [];
  return [...new Set([...connectionCommands, ...sent, ...scripts])].toSorted();
};

/** A tag, then the fold's letter: rows begin with it as it is, headers and the like in capitals. */
const statePatterns = (fold: string): string[] => [`{??}${codeOf(fold)}*`, headPattern(fold)];

const headPattern = (fold: string): string => `{??}${codeOf(fold).toUpperCase()}*`;

function codeOf(fold: string): string {
  const code = foldCodes[fold];
  if (code === undefined) throw new Error(`no letter is known for ${fold}`);
  return code;
}

const named = (fold: string): string => (hasIdentities(fold) ? `${fold}:*` : fold);

const pointerPatterns = (prefix: string, fold: string): string[] =>
  prefixesFor(prefix, fold).map((own) => currentKey(own, named(fold)));

const rules = (access: KeyRule['access'], patterns: readonly string[]): KeyRule[] =>
  patterns.map((pattern) => ({ access, pattern }));

/** Null: it has no business there. */
export function redisRules(service: string, prefix: string): RedisRules | null {
  const declared = serviceAccess[service];
  if (declared === undefined) throw new Error(`nothing is declared of ${service}`);
  return rulesOf(declared, prefix);
}

export function rulesOf(
  { keeps, reads, follows, measures }: ServiceAccess,
  prefix: string,
): RedisRules | null {
  const looksAt = reads.length + follows.length + measures.length;
  if (keeps === null && looksAt === 0) return null;
  const own =
    keeps === null
      ? []
      : rules('write', [
          ...statePatterns(keeps),
          ...pointerPatterns(prefix, keeps),
          // Calls a switch to another set off that nobody ends.
          ...(keeps === 'ingest' ? [topicSetsKey(prefix)] : []),
        ]);
  const others = rules('read', [
    ...reads.flatMap((fold) => [...statePatterns(fold), ...pointerPatterns(prefix, fold)]),
    ...measures.flatMap((fold) => [headPattern(fold), ...pointerPatterns(prefix, fold)]),
    ...follows.flatMap((fold) => pointerPatterns(prefix, fold)),
    // Which set of internal topics is current.
    ...(keeps === 'ingest' ? [] : [topicSetsKey(prefix)]),
    // Whether a generation of its own is being built beside it, which the operator's command does.
    ...(keeps === null
      ? []
      : prefixesFor(prefix, keeps).map((own) => buildsKey(own, named(keeps)))),
  ]);
  return {
    commands: commandsFor(keeps === null ? readerCalls : keeperCalls),
    keys: [...own, ...others],
  };
}

/** For the `freshet` command: it looks at, sweeps, forgets and resets what the services keep. */
export const operatorRules = (prefix: string): RedisRules => ({
  commands: commandsFor(operatorCalls),
  keys: rules('write', ['{??}*', ...setsInUse(prefix).map((own) => `${own}:*`)]),
});

/**
 * Sets all rights of a user anew and leaves its passwords alone, so that neither waits for the
 * other. Needs Redis 7, which tells reading from writing.
 */
export const aclSetUser = (user: string, { commands, keys }: RedisRules): string =>
  [
    `ACL SETUSER ${user} on resetkeys resetchannels clearselectors -@all`,
    ...commands.map((command) => `+${command}`),
    ...keys.map(({ access, pattern }) => `${access === 'read' ? '%R~' : '%RW~'}${pattern}`),
  ].join(' ');
