import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

import type { KafkaGrant } from '../../cli/acl/kafka-grants.ts';
import type { Principal } from '../../cli/acl/principals.ts';
import { aclSetUser } from '../../cli/acl/redis-rules.ts';
import { type KafkaConfig, kafkaClient } from '../../lib/kafka/client.ts';
import { kafkajs } from '../../lib/kafka/kafkajs.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { fetchDownloads } from '../../stack/downloads.ts';
import { Guardian } from '../../stack/guardian.ts';
import { awaitReady, type LocalPart, spawnPart } from '../../stack/local-part.ts';
import { PortReservations } from '../../stack/ports.ts';
import { findRedis } from '../../stack/redis.ts';
import { findJava, findMaven } from '../../stack/requirements.ts';
import { makeCertificate, type OwnCertificate, prepareSecuredKafka } from './secured-kafka.ts';

/** A Kafka and a Redis that let in whom they know, over TLS, and enforce what was printed. */
export interface SecuredStack {
  readonly kafkaBrokers: string;
  readonly redisUrl: string;
  readonly certificate: OwnCertificate;
  /** How a principal logs in, as settings; its password lies in a file. */
  settingsOf(name: string): Record<string, string>;
  passwordOf(name: string): string;
  /** As somebody of that name, who may not be let in. */
  redisAs(name: string, password: string): Redis;
  /** Where a login by PLAIN is known: by this name, with the password of `admin`. */
  readonly plainUser: string;
  stop(): Promise<void>;
}

const admin = 'admin';

export async function startSecuredStack(everybody: readonly Principal[]): Promise<SecuredStack> {
  const dir = mkdtempSync(join(tmpdir(), 'freshet-secured-'));
  const logsDir = join(dir, 'logs');
  mkdirSync(logsDir);
  const guardian = await Guardian.start(logsDir, () => undefined);
  const stop = async (): Promise<void> => {
    await guardian.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const secrets = secretsIn(dir, [admin, ...everybody.map(({ name }) => name)]);
    const certificate = makeCertificate(dir);
    const given: Given = { dir, logsDir, guardian, certificate, passwords: secrets.passwords };
    const ports = await startParts(given);
    const settingsOf = (name: string): Record<string, string> => ({
      FRESHET_KAFKA_SSL: 'true',
      FRESHET_KAFKA_SSL_CA_FILE: certificate.certificate,
      FRESHET_KAFKA_SASL_MECHANISM: 'scram-sha-512',
      FRESHET_KAFKA_USERNAME: name,
      FRESHET_KAFKA_PASSWORD_FILE: secrets.fileOf(name),
      FRESHET_REDIS_USERNAME: name,
      FRESHET_REDIS_PASSWORD_FILE: secrets.fileOf(name),
      FRESHET_REDIS_SSL_CA_FILE: certificate.certificate,
    });
    await grantAll(everybody, given, ports);
    return {
      kafkaBrokers: `127.0.0.1:${ports.kafka}`,
      redisUrl: `rediss://127.0.0.1:${ports.redis}`,
      certificate,
      settingsOf,
      passwordOf: (name) => secrets.passwords[name] ?? '',
      redisAs: (name, password) =>
        redisAs({ certificate, passwords: { [name]: password } }, ports.redis, name),
      plainUser: 'plain',
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function secretsIn(dir: string, names: readonly string[]) {
  const fileOf = (name: string): string => join(dir, `${name}.password`);
  const passwords = Object.fromEntries(
    names.map((name) => [name, randomBytes(18).toString('base64url')]),
  );
  for (const [name, password] of Object.entries(passwords)) {
    writeFileSync(fileOf(name), `${password}\n`, { mode: 0o600 });
  }
  return { passwords, fileOf };
}

interface Given {
  readonly dir: string;
  readonly logsDir: string;
  readonly guardian: Guardian;
  readonly certificate: OwnCertificate;
  readonly passwords: Readonly<Record<string, string>>;
}

interface Ports {
  readonly kafka: number;
  readonly redis: number;
}

async function startParts(given: Given): Promise<Ports> {
  const { dir, guardian, logsDir, certificate, passwords } = given;
  const environment = stackEnvironment();
  const downloads = await fetchDownloads({
    cacheDir: environment.cacheDir,
    findMaven: () => findMaven(environment),
    guardian,
    logFile: join(logsDir, 'download.log'),
    onProgress: () => undefined,
  });
  const java = await findJava(environment);
  const program = findRedis(environment.path, downloads.redisProgram);
  const reservations = new PortReservations(environment.cacheDir);
  try {
    const client = await reservations.choose(29_092);
    const controller = await reservations.choose(29_093);
    const redis = await reservations.choose(26_379);
    const jarsDir = downloads.kafkaDir;
    const kafka = { java, jarsDir, dir: join(dir, 'kafka'), ports: { client, controller } };
    await Promise.all([
      start(given, { ...redisPart(given, redis, program), name: 'redis' }),
      start(given, {
        ...prepareSecuredKafka({ ...kafka, certificate, passwords }),
        name: 'kafka',
        answers: () => answersAs(kafkaConfig(given, client)),
      }),
    ]);
    return { kafka: client, redis };
  } finally {
    reservations.release();
  }
}

type Part = Pick<LocalPart, 'name' | 'command' | 'args' | 'answers'>;

async function start({ dir, guardian, logsDir }: Given, part: Part): Promise<void> {
  const logFile = join(logsDir, `${part.name}.log`);
  const whole: LocalPart = { ...part, title: part.name, dir, logFile };
  await spawnPart(guardian, whole, false);
  await awaitReady(guardian, whole);
}

const kafkaConfig = ({ certificate, passwords }: Given, port: number): KafkaConfig => ({
  brokers: [`127.0.0.1:${port}`],
  clientId: admin,
  ssl: { ca: readFileSync(certificate.certificate, 'utf8') },
  sasl: { mechanism: 'scram-sha-512', username: admin, password: passwords[admin] ?? '' },
});

/** A broker serves when somebody it knows can log in. */
async function answersAs(config: KafkaConfig): Promise<boolean> {
  const client = kafkaClient(config).admin({ retry: { retries: 0 } });
  try {
    await client.connect();
    return (await client.describeCluster()).brokers.length === 1;
  } catch {
    return false;
  } finally {
    await client.disconnect();
  }
}

/** Nobody gets in without a name, and one user may make others: for the test's own orders. */
function redisPart(
  { certificate, dir, passwords }: Given,
  port: number,
  program: string,
): Omit<Part, 'name'> {
  const users = join(dir, 'users.acl');
  writeFileSync(users, `user default off\nuser ${admin} on >${passwords[admin]} ~* &* +@all\n`);
  return {
    command: program,
    args: [
      ...`--bind 127.0.0.1 --port 0 --tls-port ${port} --tls-auth-clients no`.split(' '),
      '--tls-cert-file',
      certificate.certificate,
      '--tls-key-file',
      certificate.key,
      '--tls-ca-cert-file',
      certificate.certificate,
      '--aclfile',
      users,
      '--dir',
      dir,
      '--save',
      '',
    ],
    answers: async () => {
      const client = redisAs({ certificate, passwords }, port, admin);
      try {
        return (await client.ping()) === 'PONG';
      } catch {
        return false;
      } finally {
        client.disconnect();
      }
    },
  };
}

type Known = Pick<Given, 'certificate' | 'passwords'>;

const redisAs = ({ certificate, passwords }: Known, port: number, username: string): Redis => {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    username,
    password: passwords[username] ?? '',
    tls: { ca: readFileSync(certificate.certificate, 'utf8') },
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => undefined);
  return client;
};

async function grantAll(everybody: readonly Principal[], given: Given, ports: Ports) {
  const kafka = kafkaClient(kafkaConfig(given, ports.kafka)).admin();
  await kafka.connect();
  const acl = everybody.flatMap(({ name, kafka: grants }) =>
    grants.map((grant) => ({ ...entryOf(grant), principal: `User:${name}` })),
  );
  await kafka.createAcls({ acl });
  await kafka.disconnect();
  const redis = redisAs(given, ports.redis, admin);
  for (const { name, redis: rules } of everybody) {
    if (rules === null) continue;
    // As it is printed: word for word what an operator pipes into redis-cli.
    const [command = '', ...words] = aclSetUser(name, rules).split(' ');
    await redis.call(command, ...words);
    await redis.call('ACL', 'SETUSER', name, `>${given.passwords[name]}`);
  }
  redis.disconnect();
}

function entryOf({ resource, name, pattern, operation }: KafkaGrant) {
  const { AclResourceTypes, AclOperationTypes, AclPermissionTypes } = kafkajs;
  const { ResourcePatternTypes } = kafkajs;
  const operations = {
    Read: AclOperationTypes.READ,
    Write: AclOperationTypes.WRITE,
    Describe: AclOperationTypes.DESCRIBE,
    All: AclOperationTypes.ALL,
  };
  return {
    resourceType: resource === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
    resourceName: name,
    resourcePatternType:
      pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
    host: '*',
    operation: operations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  };
}
