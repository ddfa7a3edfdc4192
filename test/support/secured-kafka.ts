import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { reasonIn } from '../../stack/local-part.ts';
import { brokerSettings, heap } from '../../stack/settings.ts';

/** Key and certificate of a server on this machine, made for one run of tests. */
export interface OwnCertificate {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file, as Kafka takes them. */
  readonly both: string;
}

/** It vouches for itself: whoever trusts it names its file as the authority. */
export function makeCertificate(dir: string): OwnCertificate {
  const certificate = join(dir, 'server.pem');
  const key = join(dir, 'server.key');
  const both = join(dir, 'server-both.pem');
  const line =
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 ` +
    `-subj /CN=freshet-test -addext subjectAltName=IP:127.0.0.1,DNS:localhost ` +
    `-keyout ${key} -out ${certificate}`;
  execFileSync('openssl', line.split(' '), { stdio: 'pipe', timeout: 20_000 });
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
  return { certificate, key, both };
}

export interface SecuredKafkaOptions {
  readonly java: string;
  readonly jarsDir: string;
  readonly dir: string;
  readonly ports: { readonly client: number; readonly controller: number };
  readonly certificate: OwnCertificate;
  /** By name; `admin` may do everything, the others nothing yet. */
  readonly passwords: Readonly<Record<string, string>>;
}

const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const bearer = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule';

function serverProperties(options: SecuredKafkaOptions): string {
  const { certificate, dir, passwords, ports } = options;
  const { client, controller } = ports;
  const admin = passwords['admin'];
  const settings: Record<string, string> = {
    ...brokerSettings(1),
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `SASL_SSL://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `SASL_SSL://127.0.0.1:${client}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'SASL_SSL',
    'listener.security.protocol.map': 'SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dir, 'log'),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificate.both,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificate.certificate,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN,OAUTHBEARER',
    // Everybody logs in again while it works: the client ten seconds before a session ends.
    'connections.max.reauth.ms': '13000',
    'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${scram} required username="admin" password="${admin}";`,
    'listener.name.sasl_ssl.plain.sasl.jaas.config': `${plain} required user_plain="${admin}";`,
    // Takes tokens that nobody signed: the login is tested, not the broker's judgement.
    'listener.name.sasl_ssl.oauthbearer.sasl.jaas.config': `${bearer} required unsecuredLoginStringClaim_sub="broker";`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    // The broker is nobody to its own controller, and only there is anybody let in without a login.
    'super.users': 'User:admin;User:ANONYMOUS',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Formats its folder with the users in it, and says how to start it. */
export function prepareSecuredKafka(options: SecuredKafkaOptions): {
  readonly command: string;
  readonly args: readonly string[];
} {
  const { dir, java, jarsDir, passwords } = options;
  mkdirSync(dir, { recursive: true });
  const properties = join(dir, 'server.properties');
  writeFileSync(properties, serverProperties(options));
  const classes = ['-cp', join(jarsDir, '*')];
  const users = Object.entries(passwords).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ]);
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties, ...users];
  try {
    const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
    execFileSync(java, [...quick, ...classes, ...format], { stdio: 'pipe', timeout: 60_000 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    throw new Error(`Kafka was not formatted: ${reasonIn(String(stdout) + String(stderr))}`);
  }
  if (!existsSync(join(dir, 'log'))) throw new Error('Kafka formatted no folder');
  return { command: java, args: [...heap.kafka, ...classes, 'kafka.Kafka', properties] };
}
