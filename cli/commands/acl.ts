import type { Command } from 'commander';

import { UserError } from '../../lib/errors.ts';
import { topics } from '../../topics/all.ts';
import { aclConfig } from '../acl/config.ts';
import { kafkaAclsLine } from '../acl/kafka-grants.ts';
import { type Principal, principals } from '../acl/principals.ts';
import { aclSetUser } from '../acl/redis-rules.ts';
import { print } from '../output.ts';

interface PrintFlags {
  readonly kafka?: boolean;
  readonly redis?: boolean;
  readonly json?: boolean;
}

export function registerAclCommand(program: Command): void {
  program
    .command('acl')
    .description('who may do what on Kafka and Redis')
    .command('print')
    .argument(
      '[who...]',
      'services, producers, applications, repairers or operator; left out: everybody',
    )
    .description('print the rights that each needs and no other, as commands that grant them')
    .option('--kafka', 'only those on Kafka')
    .option('--redis', 'only those on Redis')
    .option('--json', 'print JSON')
    .action(printAcl);
}

function printAcl(who: readonly string[], { kafka, redis, json = false }: PrintFlags): void {
  const both = kafka !== true && redis !== true;
  const config = aclConfig();
  const wanted = chosen(principals(topics, config), who);
  const shows = { kafka: both || kafka === true, redis: both || redis === true };
  const value = wanted.map((one) => ({
    who: one.who,
    principal: one.name,
    ...(shows.kafka ? { kafka: one.kafka } : {}),
    ...(shows.redis ? { redis: one.redis } : {}),
  }));
  const text = wanted.flatMap((one) => linesOf(one, shows)).join('\n');
  print({ json }, { prefix: config.prefix, principals: value }, text);
}

function chosen(all: readonly Principal[], who: readonly string[]): readonly Principal[] {
  const names = all.map((one) => one.who);
  const unknown = who.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UserError(`nobody is called '${unknown}'; there are: ${names.join(', ')}`);
  }
  return who.length === 0 ? all : all.filter((one) => who.includes(one.who));
}

/** Those for Kafka are fit for a shell, those for Redis, alone, for redis-cli, which knows no remarks. */
function linesOf(
  { who, name, kafka, redis }: Principal,
  shows: { readonly kafka: boolean; readonly redis: boolean },
): string[] {
  return [
    ...(shows.kafka ? [`# ${who}`, ...kafka.map((grant) => kafkaAclsLine(name, grant))] : []),
    ...(shows.redis && redis !== null ? [aclSetUser(name, redis)] : []),
  ];
}
