import { messageOf, RefusedError, RetryableError } from '../errors.ts';
import { callHttp, type HttpAnswer, type TlsFiles } from '../http-call.ts';

export interface RegistryConfig {
  /** May hold user and password: http://user:password@host:port/path. */
  readonly url: string;
  /** Deadline of one call. */
  readonly timeoutMs: number;
  /** The header `authorization` as it is now; instead of a login in the URL. */
  readonly authorization?: () => string;
  readonly tls?: TlsFiles;
}

export interface RegistryAddress {
  /** Without credentials: fit to be shown. */
  readonly base: string;
  readonly login: { readonly username: string; readonly password: string } | null;
}

export function addressOf({ url }: RegistryConfig): RegistryAddress {
  const parsed = new URL(url);
  const { username, password } = parsed;
  parsed.username = '';
  parsed.password = '';
  const login = {
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  return { base: parsed.href.replace(/\/+$/, ''), login: username === '' ? null : login };
}

/** The header of this name; null: the registry asks for none. */
export function authorizationOf(config: RegistryConfig): string | null {
  if (config.authorization !== undefined) return config.authorization();
  const { login } = addressOf(config);
  if (login === null) return null;
  return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
}

/**
 * What services need of a registry: reads only, in the subset that Confluent's registry, Karapace
 * and Apicurio (ccompat) share. The package's own client has no deadline on any call and a retry
 * setting that its last instance decides for all, so reads go by fetch; registering, which commands
 * do, is in register.ts.
 */
export interface RegistryPort {
  /** Text of the Avro schema with this id; null: no such id, or not Avro. */
  schemaOf(id: number): Promise<string | null>;
  /** The id that a schema has under a subject; null: not registered there. */
  idOf(subject: string, schema: string): Promise<number | null>;
  /** The newest schema of a subject; null: there is none, or it is not Avro. */
  newestOf(subject: string): Promise<RegisteredSchema | null>;
}

export interface RegisteredSchema {
  readonly id: number;
  /** Text of the Avro schema. */
  readonly schema: string;
}

/**
 * Where a registry has answered as one does. What says otherwise there later is in trouble, a proxy's
 * page perhaps, and is waited for: a wrong address never was right.
 */
const answeredAt = new Set<string>();

function answered<T>(config: RegistryConfig, answer: T): T {
  answeredAt.add(addressOf(config).base);
  return answer;
}

/** What a registry says when it knows something not: told apart from a wrong address's 404. */
const unknownCodes = { min: 40_400, max: 40_499 };

export async function callRegistry(
  config: RegistryConfig,
  path: string,
  request: { readonly method: string; readonly body?: unknown },
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const { base } = addressOf(config);
  const authorization = authorizationOf(config);
  const headers: Record<string, string> = {
    accept: 'application/vnd.schemaregistry.v1+json, application/json',
    'content-type': 'application/vnd.schemaregistry.v1+json',
  };
  if (authorization !== null) headers['authorization'] = authorization;
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const { timeoutMs, tls } = config;
  let answer: HttpAnswer;
  try {
    answer = await callHttp(`${base}${path}`, {
      method: request.method,
      headers,
      body,
      timeoutMs,
      tls,
    });
  } catch (error) {
    const cause = causeOf(error);
    if (cause === 'bad port') {
      throw new RefusedError(
        `no schema registry can be at ${base}: web clients refuse this port; check FRESHET_REGISTRY_URL`,
      );
    }
    throw new RetryableError(`the schema registry at ${base} is away: ${cause}`);
  }
  const { status, text } = answer;
  if (status === 401 || status === 403) {
    throw new RefusedError(
      `the schema registry at ${base} refuses us (${status}): check FRESHET_REGISTRY_URL and the credentials in it or beside it`,
    );
  }
  if (status >= 500 || status === 408 || status === 429) {
    throw new RetryableError(`the schema registry at ${base} answered ${status}`);
  }
  return { status, body: parse(config, status, text) };
}

/** fetch hides what happened ('fetch failed') in the cause. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const text = cause === undefined ? messageOf(error) : messageOf(cause);
  const { code } = (cause ?? {}) as { code?: unknown };
  return text === '' && typeof code === 'string' ? code : text;
}

function parse(
  config: RegistryConfig,
  status: number,
  text: string,
): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Falls through: no registry answers like this.
  }
  throw notARegistry(config, status);
}

export const notARegistry = (config: RegistryConfig, status: number): Error => {
  const { base } = addressOf(config);
  const text = `${base} does not answer as a schema registry (status ${status}): check FRESHET_REGISTRY_URL`;
  return answeredAt.has(base) ? new RetryableError(text) : new RefusedError(text);
};

/** 404 and 422 with the registry's own error code: it does not know, or cannot parse. */
function isUnknown(status: number, body: Readonly<Record<string, unknown>>): boolean {
  const code = body['error_code'];
  if (status === 422) return true;
  return (
    status === 404 &&
    typeof code === 'number' &&
    code >= unknownCodes.min &&
    code <= unknownCodes.max
  );
}

export function openRegistry(config: RegistryConfig): RegistryPort {
  return {
    schemaOf: (id) => avroAt(config, `/schemas/ids/${id}`),
    async idOf(subject, schema) {
      // Deleted versions count: their records are still in the log.
      const path = `/subjects/${encodeURIComponent(subject)}?deleted=true`;
      const request = { method: 'POST', body: { schema } };
      const { status, body } = await callRegistry(config, path, request);
      if (isUnknown(status, body)) return answered(config, null);
      const { id } = body;
      if (status !== 200 || typeof id !== 'number') throw notARegistry(config, status);
      return answered(config, id);
    },
    newestOf: (subject) => registeredAt(config, versionPath(subject, 'latest')),
  };
}

const versionPath = (subject: string, version: number | 'latest'): string =>
  `/subjects/${encodeURIComponent(subject)}/versions/${version}`;

async function registeredAt(
  config: RegistryConfig,
  path: string,
): Promise<RegisteredSchema | null> {
  const { status, body } = await callRegistry(config, path, { method: 'GET' });
  if (isUnknown(status, body)) return answered(config, null);
  const { id, schema, schemaType } = body;
  if (status !== 200 || typeof schema !== 'string' || typeof id !== 'number')
    throw notARegistry(config, status);
  return answered(config, isAvro(schemaType) ? { id, schema } : null);
}

/** Left out is Avro: so it was before registries knew other languages. */
const isAvro = (schemaType: unknown): boolean => schemaType === undefined || schemaType === 'AVRO';

/** Text of a version of a subject; null: there is none, or it is not Avro. For people's commands. */
export function schemaOfVersion(
  config: RegistryConfig,
  subject: string,
  version: number,
): Promise<string | null> {
  return avroAt(config, versionPath(subject, version));
}

async function avroAt(config: RegistryConfig, path: string): Promise<string | null> {
  const { status, body } = await callRegistry(config, path, { method: 'GET' });
  if (isUnknown(status, body)) return answered(config, null);
  const { schema, schemaType } = body;
  if (status !== 200 || typeof schema !== 'string') throw notARegistry(config, status);
  return answered(config, isAvro(schemaType) ? schema : null);
}
