import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { operator, principalName, principals, repairers } from '../../cli/acl/principals.ts';
import { foldCodes, repairAccess, serviceAccess } from '../../cli/acl/service-access.ts';
import { registerSchema } from '../../lib/avro/register.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { RefusedError } from '../../lib/errors.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { topics } from '../../topics/all.ts';
import { topicName } from '../../topics/topic.ts';
import { openAsking } from '../support/asking.ts';
import { publishItems, testStack } from '../support/fixtures.ts';
import { guardedRegistry, tokenServer } from '../support/guarded-servers.ts';
import { openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';
import { jsonEvent, repairsAll } from '../support/repairer.ts';
import { type SecuredStack, startSecuredStack } from '../support/secured-stack.ts';

/** Everything under names of its own, on a Kafka and a Redis that let nobody do more than printed. */
const prefix = 'sec';
const services = Object.keys(serviceAccess);
const everybody = principals(topics, { prefix, replyTopics: [] });

let stack: SecuredStack;
let pipeline: Pipeline;
const closers: (() => Promise<unknown>)[] = [];

const environmentOf = (who: string): Record<string, string> => ({
  FRESHET_PREFIX: prefix,
  FRESHET_KAFKA_BROKERS: stack.kafkaBrokers,
  FRESHET_REGISTRY_URL: testStack().registryUrl,
  FRESHET_REDIS_URL: stack.redisUrl,
  ...stack.settingsOf(principalName(prefix, who)),
});
const configOf = (who: string) => {
  const config = commonConfig(environmentOf(who));
  return { ...config, kafka: { ...config.kafka, clientId: `${prefix}.${who}` } };
};

beforeAll(async () => {
  // Each service is ended with this process.
  process.setMaxListeners(30);
  stack = await startSecuredStack(everybody);
  closers.push(() => stack.stop());
  const { kafkaBrokers, redisUrl } = stack;
  const addresses = { ...testStack(), kafkaBrokers, redisUrl };
  const settings = stack.settingsOf(principalName(prefix, operator));
  pipeline = await openPipeline(addresses, prefix, settings);
  closers.push(() => pipeline.close());
}, 180_000);
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

/** The pipeline as somebody from outside sees it. */
async function pipelineAs(who: string): Promise<Pipeline> {
  const config = configOf(who);
  const outbox = await openOutbox(config.kafka);
  closers.push(() => outbox.close());
  const bed = { ...pipeline.bed, config };
  return { ...pipeline, bed, publishRaw: (messages) => outbox.send(messages) };
}

const startedAtOnce = 4;

test('every service works under its own name, on the rights that are printed', async () => {
  const producers = await pipelineAs('producers');
  await publishItems(
    producers,
    Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`i${n}`, {}])),
  );
  const left = [...services];
  const ends: Promise<never>[] = [];
  while (left.length > 0) {
    const next = left.splice(0, startedAtOnce);
    const started = await Promise.all(
      next.map((name) => pipeline.run([name], stack.settingsOf(principalName(prefix, name)))),
    );
    ends.push(...started.map(({ ended }) => ended));
  }
  // One that lacks a right ends by itself, and says what it was about.
  await Promise.race([someWork(), ...ends]);
}, 300_000);

async function someWork(): Promise<void> {
  await pipeline.publish(someEvents(400, 7));
  await pipeline.caughtUp();
  const asking = await openAsking(await pipelineAs('applications'));
  closers.push(() => asking.close());
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => asking.ask({ user_id: `u${n}` })),
  );
  expect(answers.map(({ answer }) => answer.status)).toEqual(answers.map(() => 'ok'));
  expect(answers.some(({ answer }) => answer.items.length > 0)).toBe(true);
  await pipeline.caughtUp([...services]);
  const { differences } = await pipeline.verify();
  expect(differences).toBe(0);
}

test('failed events are listed and sent again by who may do no more', async () => {
  await pipeline.publishRaw([jsonEvent(pipeline.userEvents)]);
  await pipeline.caughtUp(['ingest']);
  // Of the services' own partition count: by another one it would judge otherwise, and refuse.
  const config = commonConfig({ ...environmentOf(repairers), FRESHET_PARTITIONS: '2' });
  expect(await repairsAll(config)).toEqual([1, ['replayed']]);
});

const refused = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => new Error('it was let in'),
    (thrown: unknown) => thrown,
  );
  return error instanceof RefusedError ? 'refused' : String(error);
};

describe('on Kafka', () => {
  test.each(services)('%s writes no topic that is not its own, and sees none', async (who) => {
    const { kafka } = configOf(who);
    const granted = everybody.find((one) => one.who === who)?.kafka ?? [];
    const may = (name: string, operation: string): boolean =>
      granted.some((grant) => grant.name === name && grant.operation === operation);
    const outbox = await openOutbox(kafka);
    const admin = await openAdmin(kafka);
    const came: string[] = [];
    for (const name of topics.map((topic) => topicName(prefix, topic))) {
      if (!may(name, 'Write')) {
        const message = { topic: name, key: 'x', value: Buffer.from('x') };
        came.push(`${name} ${await refused(outbox.send([message]))}`);
      }
      if (!granted.some((grant) => grant.name === name))
        came.push(`${name} ${await refused(admin.topicOffsets(name))}`);
    }
    await outbox.close();
    await admin.close();
    expect(came.filter((line) => !line.endsWith(' refused'))).toEqual([]);
    expect(came.length).toBeGreaterThan(topics.length / 2);
  });

  test.each([
    ['ingest', 'interactions'],
    ['serving', 'recommendations'],
    // Of this it knows where it ends.
    ['candidates', 'item-signals'],
  ])('%s does not read %s', async (who, thing) => {
    const { kafka } = configOf(who);
    const read = async (): Promise<void> => {
      for await (const records of readLog({ kafka, topic: `${prefix}.${thing}.v1` })) {
        throw new Error(`${records.length} records`);
      }
    };
    expect(await refused(read())).toBe('refused');
  });

  test('no service makes, changes or deletes topics, or looks at the progress of others', async () => {
    const admin = await openAdmin(configOf('ingest').kafka);
    const topic = topicName(prefix, topics[0] as (typeof topics)[number]);
    const own = `${prefix}.user-events.v1`;
    const came = [
      await refused(admin.createTopics([{ topic: `${prefix}.mine`, partitions: 1, configs: {} }])),
      await refused(admin.deleteTopics([topic])),
      await refused(admin.deleteTopics([own])),
      await refused(admin.alterConfigs(own, { 'retention.ms': '1' })),
    ];
    expect(came).toEqual(came.map(() => 'refused'));
    const others = admin.groupOffsets(`${prefix}.metrics`, own);
    await expect(others).rejects.toThrow('this principal lacks READ on it');
    await admin.close();
  });

  test('nobody gets in without a login, with a wrong one, or by trusting nobody', async () => {
    const { kafka } = configOf('ingest');
    const { ssl = {}, brokers, clientId } = kafka;
    const wrong = { mechanism: 'scram-sha-512', username: 'sec-ingest', password: 'x' } as const;
    expect(await refused(openAdmin({ ...kafka, sasl: wrong }))).toBe('refused');
    const nobody = await openAdmin({ brokers, clientId, ssl });
    await expect(nobody.brokerCount()).rejects.toThrow();
    await nobody.close();
    await expect(openAdmin({ ...kafka, ssl: {} })).rejects.toThrow(/certificate/);
  });

  test('the other ways to log in work too', async () => {
    const { kafka } = configOf('ingest');
    const tokens = await tokenServer();
    closers.push(tokens.close);
    const answers = async (settings: Record<string, string>): Promise<number> => {
      const config = commonConfig({ ...environmentOf('ingest'), ...settings }).kafka;
      const admin = await openAdmin({ ...config, clientId: kafka.clientId });
      const count = await admin.brokerCount();
      await admin.close();
      return count;
    };
    const adminFile = stack.settingsOf('admin')['FRESHET_KAFKA_PASSWORD_FILE'] ?? '';
    const plain = {
      FRESHET_KAFKA_SASL_MECHANISM: 'plain',
      FRESHET_KAFKA_USERNAME: stack.plainUser,
      FRESHET_KAFKA_PASSWORD_FILE: adminFile,
    };
    const bearer = {
      FRESHET_KAFKA_SASL_MECHANISM: 'oauthbearer',
      FRESHET_KAFKA_TOKEN_URL: tokens.url,
      FRESHET_KAFKA_CLIENT_ID: 'sec-ingest',
      FRESHET_KAFKA_CLIENT_SECRET_FILE: adminFile,
    };
    expect([await answers(plain), await answers(bearer), tokens.logins()]).toEqual([
      1,
      1,
      [`sec-ingest:${stack.passwordOf('admin')}`],
    ]);
  });
});

describe('on Redis', () => {
  const commands = (
    'FLUSHALL,FLUSHDB,CONFIG SET maxmemory 1,CONFIG GET *,KEYS *,SCAN 0,SCRIPT FLUSH,ACL LIST,' +
    'CLIENT KILL TYPE normal,REPLICAOF NO ONE,MONITOR,PUBLISH news x,SHUTDOWN NOSAVE'
  ).split(',');
  const users = everybody.filter(({ who, redis }) => redis !== null && who !== operator);

  test.each(users.map(({ who }) => who))('%s touches nothing but its own', async (who) => {
    const access = who === repairers ? repairAccess : serviceAccess[who];
    const { keeps = null, reads = [], measures = [] } = access ?? {};
    const name = principalName(prefix, who);
    const client = stack.redisAs(name, stack.passwordOf(name));
    const say = async (...words: string[]): Promise<string> => {
      const [command = '', ...rest] = words;
      return client.call(command, ...rest).then(
        () => `${words.join(' ')}: let in`,
        (error: Error) => (error.message.startsWith('NOPERM') ? '' : `${words[0]}: ${error}`),
      );
    };
    const came: string[] = [];
    for (const command of commands) came.push(await say(...command.split(' ')));
    for (const [fold, code] of Object.entries(foldCodes)) {
      const keys = [`{AA}${code}abcdu1`, `{AA}${code.toUpperCase()}abcdh`];
      const pointer = `${prefix}:current:${fold === 'learning' ? 'learning:x' : fold}`;
      for (const key of [...keys, pointer]) {
        if (fold === keeps) continue;
        came.push(await say('SET', key, 'x'));
        const script = "return redis.call('SET', KEYS[1], 'x')";
        came.push(await say('EVAL', script, '1', key));
        const isHead = key === keys[1] && measures.includes(fold);
        if (key !== pointer && !isHead && !reads.includes(fold)) came.push(await say('GET', key));
      }
    }
    came.push(await say('GET', 'anything'), await say('SET', `${prefix}:anything`, 'x'));
    client.disconnect();
    expect(came.filter((line) => line !== '')).toEqual([]);
  });

  test('who has no business there, or no password, is not let in', async () => {
    const strangers = ['metrics', 'producers'].map((who) => principalName(prefix, who));
    for (const name of ['default', ...strangers]) {
      const client = stack.redisAs(name, stack.passwordOf(name) || 'x');
      await expect(client.ping()).rejects.toThrow();
      client.disconnect();
    }
    const { redis } = configOf('metrics');
    expect(await refused(openRedis(redis))).toBe('refused');
  });
});

describe('at the registry', () => {
  test('commands and services log in, over TLS', async () => {
    const adminFile = stack.settingsOf('admin')['FRESHET_KAFKA_PASSWORD_FILE'] ?? '';
    const password = stack.passwordOf('admin');
    const basic = `Basic ${Buffer.from(`reader:${password}`).toString('base64')}`;
    const configFor = (url: string, more: Record<string, string>) =>
      commonConfig({ ...environmentOf(operator), FRESHET_REGISTRY_URL: url, ...more }).registry;
    const trusted = { FRESHET_REGISTRY_SSL_CA_FILE: stack.certificate.certificate };
    const guarded = async (login: string): Promise<string> => {
      const { registryUrl } = testStack();
      const server = await guardedRegistry({ url: registryUrl, login, ...stack.certificate });
      closers.push(server.close);
      return server.url;
    };
    const byName = configFor(await guarded(basic), {
      ...trusted,
      FRESHET_REGISTRY_USERNAME: 'reader',
      FRESHET_REGISTRY_PASSWORD_FILE: adminFile,
    });
    const schema = '{"type":"record","name":"Guarded","fields":[]}';
    const id = await registerSchema(byName, 'guarded-value', schema);
    expect(await openRegistry(byName).schemaOf(id)).toContain('Guarded');
    const bearer = await guarded(`Bearer ${password}`);
    const byToken = configFor(bearer, { ...trusted, FRESHET_REGISTRY_TOKEN_FILE: adminFile });
    expect(await openRegistry(byToken).idOf('guarded-value', schema)).toBe(id);
    expect(await refused(openRegistry(configFor(bearer, trusted)).schemaOf(id))).toBe('refused');
    const unknown = configFor(bearer, { FRESHET_REGISTRY_TOKEN_FILE: adminFile });
    await expect(openRegistry(unknown).schemaOf(id)).rejects.toThrow(/certificate/);
  });
});
