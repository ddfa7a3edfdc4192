/** How this process proves who it is to Kafka, Redis and the registry, and whom it trusts. */
import { z } from 'zod';

import type { RegistryConfig } from '../avro/registry.ts';
import { UserError } from '../errors.ts';
import type { TlsFiles } from '../http-call.ts';
import type { KafkaConfig } from '../kafka/client.ts';
import { clientCredentials } from '../kafka/oauth-token.ts';
import type { RedisConfig } from '../redis/connect.ts';
import { oneOf } from './environment.ts';
import { secretIn, tlsFiles, withSecret } from './secrets.ts';

const text = z.string().optional();
const url = z.url('takes a URL: https://host/path').optional();

export const accessSettings = {
  FRESHET_KAFKA_SSL: oneOf(['true', 'false']).default('false'),
  FRESHET_KAFKA_SSL_CA_FILE: text,
  FRESHET_KAFKA_SSL_CERT_FILE: text,
  FRESHET_KAFKA_SSL_KEY_FILE: text,
  FRESHET_KAFKA_SASL_MECHANISM: oneOf([
    'plain',
    'scram-sha-256',
    'scram-sha-512',
    'oauthbearer',
  ]).optional(),
  FRESHET_KAFKA_USERNAME: text,
  FRESHET_KAFKA_PASSWORD_FILE: text,
  FRESHET_KAFKA_TOKEN_FILE: text,
  FRESHET_KAFKA_TOKEN_URL: url,
  FRESHET_KAFKA_TOKEN_CA_FILE: text,
  FRESHET_KAFKA_TOKEN_SCOPE: text,
  FRESHET_KAFKA_CLIENT_ID: text,
  FRESHET_KAFKA_CLIENT_SECRET_FILE: text,
  FRESHET_REGISTRY_USERNAME: text,
  FRESHET_REGISTRY_PASSWORD_FILE: text,
  FRESHET_REGISTRY_TOKEN_FILE: text,
  FRESHET_REGISTRY_SSL_CA_FILE: text,
  FRESHET_REGISTRY_SSL_CERT_FILE: text,
  FRESHET_REGISTRY_SSL_KEY_FILE: text,
  FRESHET_REDIS_USERNAME: text,
  FRESHET_REDIS_PASSWORD_FILE: text,
  FRESHET_REDIS_SENTINEL_USERNAME: text,
  FRESHET_REDIS_SENTINEL_PASSWORD_FILE: text,
  FRESHET_REDIS_SSL_CA_FILE: text,
  FRESHET_REDIS_SSL_CERT_FILE: text,
  FRESHET_REDIS_SSL_KEY_FILE: text,
};

const accessSchema = z.object(accessSettings);
type Settings = z.infer<typeof accessSchema>;

/** Certificates for a connection without TLS would be passed over, and everything sent in clear. */
function refuseWithoutTls(name: string, files: TlsFiles | undefined, tls: boolean, cure: string) {
  if (files !== undefined && !tls)
    throw new UserError(`FRESHET_${name}_CA_FILE or _CERT_FILE is set, and TLS is off: ${cure}`);
}

export function kafkaAccess(settings: Settings): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const name = 'KAFKA_SSL';
  const files = tlsFiles(name, {
    ca: settings.FRESHET_KAFKA_SSL_CA_FILE,
    cert: settings.FRESHET_KAFKA_SSL_CERT_FILE,
    key: settings.FRESHET_KAFKA_SSL_KEY_FILE,
  });
  const tls = settings.FRESHET_KAFKA_SSL === 'true';
  refuseWithoutTls(name, files, tls, 'set FRESHET_KAFKA_SSL=true');
  const sasl = saslOf(settings);
  return {
    ...(tls ? { ssl: files ?? {} } : {}),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function saslOf(settings: Settings): KafkaConfig['sasl'] {
  const {
    FRESHET_KAFKA_SASL_MECHANISM: mechanism,
    FRESHET_KAFKA_USERNAME: username,
    FRESHET_KAFKA_PASSWORD_FILE: file,
  } = settings;
  if (mechanism === undefined) return undefined;
  if (mechanism === 'oauthbearer') return { mechanism, oauthBearerProvider: tokenOf(settings) };
  if (username === undefined || file === undefined) {
    throw new UserError('SASL needs FRESHET_KAFKA_USERNAME and FRESHET_KAFKA_PASSWORD_FILE');
  }
  return withSecret({ mechanism, username }, 'password', () =>
    secretIn('FRESHET_KAFKA_PASSWORD_FILE', file),
  );
}

/** Asked for with every connection, and again before a broker ends a session. */
function tokenOf(settings: Settings): () => Promise<{ value: string }> {
  const {
    FRESHET_KAFKA_TOKEN_FILE: file,
    FRESHET_KAFKA_TOKEN_URL: tokenUrl,
    FRESHET_KAFKA_CLIENT_ID: clientId,
    FRESHET_KAFKA_CLIENT_SECRET_FILE: secretFile,
    FRESHET_KAFKA_TOKEN_SCOPE: scope,
    FRESHET_KAFKA_TOKEN_CA_FILE: ca,
  } = settings;
  if (file !== undefined) {
    const read = (): string => secretIn('FRESHET_KAFKA_TOKEN_FILE', file);
    read();
    return async () => ({ value: read() });
  }
  if (tokenUrl === undefined || clientId === undefined || secretFile === undefined) {
    throw new UserError(
      'oauthbearer needs FRESHET_KAFKA_TOKEN_FILE, or all of FRESHET_KAFKA_TOKEN_URL, ' +
        'FRESHET_KAFKA_CLIENT_ID and FRESHET_KAFKA_CLIENT_SECRET_FILE',
    );
  }
  const secret = (): string => secretIn('FRESHET_KAFKA_CLIENT_SECRET_FILE', secretFile);
  secret();
  const none = { cert: undefined, key: undefined };
  const tls = tlsFiles('KAFKA_TOKEN', { ca, ...none });
  return clientCredentials({ url: tokenUrl, clientId, secret, scope, tls });
}

export function registryAccess(settings: Settings, address: string): Partial<RegistryConfig> {
  const name = 'REGISTRY_SSL';
  const tls = tlsFiles(name, {
    ca: settings.FRESHET_REGISTRY_SSL_CA_FILE,
    cert: settings.FRESHET_REGISTRY_SSL_CERT_FILE,
    key: settings.FRESHET_REGISTRY_SSL_KEY_FILE,
  });
  refuseWithoutTls(name, tls, address.startsWith('https:'), 'FRESHET_REGISTRY_URL begins https:');
  const {
    FRESHET_REGISTRY_USERNAME: username,
    FRESHET_REGISTRY_PASSWORD_FILE: passwordFile,
    FRESHET_REGISTRY_TOKEN_FILE: tokenFile,
  } = settings;
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw new UserError(
      'FRESHET_REGISTRY_USERNAME and FRESHET_REGISTRY_PASSWORD_FILE belong together: set both',
    );
  }
  if (username !== undefined && tokenFile !== undefined) {
    throw new UserError(
      'FRESHET_REGISTRY_TOKEN_FILE and FRESHET_REGISTRY_USERNAME are both set: leave one out',
    );
  }
  const authorization = authorizationOf(username, passwordFile, tokenFile);
  authorization?.();
  return {
    ...(tls === undefined ? {} : { tls }),
    ...(authorization === null ? {} : { authorization }),
  };
}

/** What goes into the header, read from its file with every call. */
function authorizationOf(
  username: string | undefined,
  passwordFile: string | undefined,
  tokenFile: string | undefined,
): (() => string) | null {
  if (tokenFile !== undefined)
    return () => `Bearer ${secretIn('FRESHET_REGISTRY_TOKEN_FILE', tokenFile)}`;
  if (username === undefined || passwordFile === undefined) return null;
  return () => {
    const login = `${username}:${secretIn('FRESHET_REGISTRY_PASSWORD_FILE', passwordFile)}`;
    return `Basic ${Buffer.from(login).toString('base64')}`;
  };
}

export function redisAccess(settings: Settings, address: string): Omit<RedisConfig, 'url'> {
  const name = 'REDIS_SSL';
  const tls = tlsFiles(name, {
    ca: settings.FRESHET_REDIS_SSL_CA_FILE,
    cert: settings.FRESHET_REDIS_SSL_CERT_FILE,
    key: settings.FRESHET_REDIS_SSL_KEY_FILE,
  });
  refuseWithoutTls(name, tls, address.startsWith('rediss'), 'FRESHET_REDIS_URL begins rediss');
  const sentinel = redisLogin(
    'REDIS_SENTINEL',
    settings.FRESHET_REDIS_SENTINEL_USERNAME,
    settings.FRESHET_REDIS_SENTINEL_PASSWORD_FILE,
  );
  const own = redisLogin(
    'REDIS',
    settings.FRESHET_REDIS_USERNAME,
    settings.FRESHET_REDIS_PASSWORD_FILE,
  );
  return Object.assign(own ?? {}, {
    ...(tls === undefined ? {} : { tls }),
    ...(sentinel === null ? {} : { sentinel }),
  });
}

/** Without a name it is the password of the user `default`. */
function redisLogin(
  name: string,
  username: string | undefined,
  file: string | undefined,
): { readonly username?: string; readonly password: string } | null {
  if (file === undefined && username !== undefined)
    throw new UserError(`FRESHET_${name}_USERNAME needs FRESHET_${name}_PASSWORD_FILE`);
  if (file === undefined) return null;
  return withSecret(username === undefined ? {} : { username }, 'password', () =>
    secretIn(`FRESHET_${name}_PASSWORD_FILE`, file),
  );
}
