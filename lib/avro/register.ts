/**
 * Registering, which commands do and services never. The package's client does it: it knows how
 * registries want a schema put. Its calls have no deadline, so each gets one here.
 */
import { Agent } from 'node:https';
import type { COMPATIBILITY, SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { messageOf, RetryableError, UserError } from '../errors.ts';
import {
  addressOf,
  authorizationOf,
  callRegistry,
  notARegistry,
  type RegistryConfig,
} from './registry.ts';

/** Every version ever written can be read with the newest schema: logs are kept without limit. */
export const compatibility = 'BACKWARD_TRANSITIVE' as COMPATIBILITY;

type ClientOptions = ConstructorParameters<typeof SchemaRegistry>[0];
type Middleware = NonNullable<ClientOptions['middlewares']>[number];

const reasonCharsMax = 400;

function clientOf(Client: typeof SchemaRegistry, config: RegistryConfig): SchemaRegistry {
  const authorization = authorizationOf(config);
  const headers = authorization === null ? {} : { authorization };
  const prepared: Middleware = () => ({
    prepareRequest: async (next) => (await next()).enhance({ timeout: config.timeoutMs, headers }),
  });
  const { base } = addressOf(config);
  return new Client({
    host: base,
    middlewares: [prepared],
    // A schema is registered once, by a command that can be run again. (The package keeps one
    // setting for all its clients; there is one client, here.)
    retry: { retries: 0 },
    ...(config.tls === undefined ? {} : { agent: new Agent({ ...config.tls }) }),
  });
}

/** One line, without the whole schemas that registries like to repeat. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, reasonCharsMax);

async function setCompatibility(config: RegistryConfig, subject: string): Promise<void> {
  const path = `/config/${encodeURIComponent(subject)}`;
  const { status, body } = await callRegistry(config, path, {
    method: 'PUT',
    body: { compatibility },
  });
  if (status === 200) return;
  const { message } = body;
  if (status === 404 || typeof message !== 'string') throw notARegistry(config, status);
  throw new UserError(`${subject}: compatibility cannot be set: ${oneLine(message)}`);
}

/**
 * Registers a schema under a subject and gives its id; the same schema again changes nothing.
 * Compatibility is set first: a registry's own default may be NONE. A refusal is a UserError of one
 * line.
 */
export async function registerSchema(
  config: RegistryConfig,
  subject: string,
  schema: string,
): Promise<number> {
  await setCompatibility(config, subject);
  // It loads three other formats, too: a seventh of the start of commands that register nothing.
  const library = await import('@kafkajs/confluent-schema-registry');
  try {
    const registered = await clientOf(library.SchemaRegistry, config).register(
      { type: library.SchemaType.AVRO, schema },
      { subject, compatibility, updateConfig: false },
    );
    return registered.id;
  } catch (error) {
    const { status } = error as { status?: unknown };
    if (status === 409 || status === 422) {
      throw new UserError(
        `${subject}: refused by the registry (${compatibility}): ${oneLine(messageOf(error))}`,
      );
    }
    throw new RetryableError(`${subject}: not registered: ${oneLine(messageOf(error))}`);
  }
}
