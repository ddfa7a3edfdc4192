import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { projectDir } from '../../lib/config/state-file.ts';
import { scriptCommands } from '../../lib/redis/commands.ts';
import { topics } from '../../topics/all.ts';
import { serviceNames } from '../host/services.ts';
import { kafkaAclsLine } from './kafka-grants.ts';
import { operator, principals } from './principals.ts';
import { aclSetUser } from './redis-rules.ts';
import { foldCodes, serviceAccess } from './service-access.ts';

const config = { prefix: 'shop', replyTopics: ['web.answers', 'mail.*'] };
const all = principals(topics, config);
const rightsOf = (who: string) => {
  const found = all.find((one) => one.who === who);
  if (found === undefined) throw new Error(`no ${who}`);
  return found;
};
const linesOf = (who: string): string[] =>
  rightsOf(who).kafka.map(
    ({ resource, name, pattern, operation }) => `${operation} ${resource} ${pattern} ${name}`,
  );

const textOf = (file: string): string => readFileSync(join(projectDir, file), 'utf8');
const servicesWhose = (file: string, text: string): string[] =>
  globSync(`services/*/${file}`, { cwd: projectDir })
    .filter((path) => textOf(path).includes(text))
    .map((path) => basename(dirname(path)))
    .toSorted();

describe('what is declared is what the services are', () => {
  test('everybody that can be run is declared', () => {
    expect(Object.keys(serviceAccess).toSorted()).toEqual(serviceNames.toSorted());
  });

  test('the letters are those of the folds', () => {
    const found = globSync('services/*/topology.ts', { cwd: projectDir }).flatMap((path) => {
      const code = /^ +code: '(.)',/m.exec(textOf(path))?.[1];
      return code === undefined ? [] : [[basename(dirname(path)), code]];
    });
    expect(foldCodes).toEqual(Object.fromEntries(found));
  });

  test('whoever sends to failed-events may write it', () => {
    const declared = Object.entries(serviceAccess).filter(([, { fails }]) => fails);
    expect(declared.map(([name]) => name).toSorted()).toEqual(
      servicesWhose('main.ts', 'openFailureMessage('),
    );
  });

  test('the commands of scripts are those that scripts send', () => {
    const sent = globSync('lib/**/*.ts', { cwd: projectDir }).flatMap((path) =>
      [...textOf(path).matchAll(/redis\.call\('([A-Z]+)'/g)].map(([, name = '']) =>
        name.toLowerCase(),
      ),
    );
    expect([...new Set(sent)].toSorted()).toEqual(scriptCommands.toSorted());
  });
});

describe('on Kafka', () => {
  test('a service reads and writes its topics, and joins its own groups', () => {
    expect(linesOf('ingest')).toEqual([
      'Write topic literal shop.exposures.v1',
      'Write topic literal shop.external-candidates.v1',
      'Write topic literal shop.failed-events.v1',
      'Write topic literal shop.interactions.v1',
      'Read topic literal shop.user-events.v1',
      'Read group prefixed shop.ingest.',
    ]);
  });

  test('serving writes to the reply topics that it is allowed, and no other', () => {
    const written = linesOf('serving').filter((line) => line.startsWith('Write'));
    expect(written).toEqual([
      'Write topic literal shop.exposures.v1',
      'Write topic literal shop.metric-events.v1',
      'Write topic literal shop.recommendations.v1',
      'Write topic literal web.answers',
      'Write topic prefixed mail.',
    ]);
  });

  test('only the operator does more than look, read and write', () => {
    const more = all.filter(({ kafka }) =>
      kafka.some(({ operation }) => !['Read', 'Write', 'Describe'].includes(operation)),
    );
    expect(more.map(({ who }) => who)).toEqual([operator]);
  });

  test('whoever reads and writes a topic is let in', () => {
    for (const { thing, writtenBy, readBy } of topics) {
      const grants = all.flatMap(({ who, kafka }) =>
        kafka.filter(({ name }) => name === `shop.${thing}.v1`).map((one) => [who, one.operation]),
      );
      const services = (names: readonly string[]) =>
        names.filter((name) => name in serviceAccess || name === 'producers');
      for (const who of services(writtenBy)) expect(grants).toContainEqual([who, 'Write']);
      for (const who of services(readBy)) expect(grants).toContainEqual([who, 'Read']);
    }
  });

  test('who works on failed events reads them, and writes what they came from', () => {
    expect(linesOf('repairers')).toEqual([
      'Write topic literal shop.external-candidates.v1',
      'Read topic literal shop.failed-events.v1',
      'Read topic literal shop.failed-outcomes.v1',
      'Write topic literal shop.failed-outcomes.v1',
      'Write topic literal shop.user-events.v1',
      'Read group prefixed shop.read.',
    ]);
  });

  test("a grant is a line for Kafka's own tool", () => {
    const [grant] = rightsOf('metrics').kafka;
    expect(grant && kafkaAclsLine('shop-metrics', grant)).toBe(
      'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config admin.properties --add ' +
        "--allow-principal 'User:shop-metrics' --operation Read " +
        "--topic 'shop.contexts.v1' --resource-pattern-type literal",
    );
  });
});

describe('on Redis', () => {
  const line = (who: string): string => {
    const { name, redis } = rightsOf(who);
    return redis === null ? '' : aclSetUser(name, redis);
  };

  test('a fold writes its own state and reads a pointer', () => {
    expect(line('seen-items')).toBe(
      'ACL SETUSER shop-seen-items on resetkeys resetchannels clearselectors -@all +asking ' +
        '+client|setname +cluster|info +cluster|nodes +cluster|slots +eval +evalsha +get ' +
        '+getrange +info +mget +mset +ping +readonly +readwrite +sadd +scard +select +set +setnx ' +
        '+setrange +smembers +strlen +unlink ' +
        '%RW~{??}s* %RW~{??}S* %RW~shop:current:seen-items %R~shop:current:ingest ' +
        '%R~shop:topic-sets %R~shop:builds:seen-items',
    );
  });

  test('serving writes nothing, nor does who works on failed events', () => {
    expect(line('repairers')).toMatch(
      / %R~\{\?\?\}I\* %R~shop:current:ingest %R~shop:current:external %R~shop:topic-sets$/,
    );
    expect(line('repairers')).not.toMatch(/%RW~|\+(set|eval|del|mset)/);
    expect(line('serving')).not.toMatch(/%RW~|\+(set|eval|del|mset)/);
  });

  test('metrics has no business there', () => {
    expect(rightsOf('metrics').redis).toBeNull();
  });

  test('nobody has what empties, reconfigures or lists, but the operator, who may list', () => {
    const strong = ['flushall', 'flushdb', 'config', 'keys', 'debug', 'script', 'acl', 'shutdown'];
    for (const { who, redis } of all) {
      const commands = (redis?.commands ?? []).map((command) => command.split('|')[0]);
      expect([who, commands.filter((command) => strong.includes(command ?? ''))]).toEqual([
        who,
        [],
      ]);
      expect([who, commands.includes('scan')]).toEqual([who, who === operator]);
    }
  });
});
