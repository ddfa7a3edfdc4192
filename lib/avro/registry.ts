import { messageOf, RefusedError, RetryableError } from '../errors.ts';

export interface RegistryConfig {
  readonly url: string;
  /** Deadline of one call. */
  readonly timeoutMs: number;
  /** `user:password`, for registries that want it. */
  readonly credentials?: string;
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
}

/** What a registry says when it knows something not: told apart from a wrong address's 404. */
const unknownCodes = { min: 40_400, max: 40_499 };

export async function callRegistry(
  config: RegistryConfig,
  path: string,
  request: { readonly method: string; readonly body?: unknown },
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const url = `${config.url.replace(/\/+$/, '')}${path}`;
  const headers: Record<string, string> = {
    accept: 'application/vnd.schemaregistry.v1+json, application/json',
    'content-type': 'application/vnd.schemaregistry.v1+json',
  };
  if (config.credentials !== undefined) {
    headers['authorization'] = `Basic ${Buffer.from(config.credentials).toString('base64')}`;
  }
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  let response: Response;
  let text: string;
  try {
    const signal = AbortSignal.timeout(config.timeoutMs);
    response = await fetch(url, { method: request.method, headers, body, signal });
    text = await response.text();
  } catch (error) {
    throw new RetryableError(`the schema registry at ${config.url} is away: ${causeOf(error)}`);
  }
  const { status } = response;
  if (status === 401 || status === 403) {
    throw new RefusedError(
      `the schema registry at ${config.url} refuses us (${status}): check FRESHET_REGISTRY_URL and the credentials`,
    );
  }
  if (status >= 500 || status === 408 || status === 429) {
    throw new RetryableError(`the schema registry at ${config.url} answered ${status}`);
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

export const notARegistry = (config: RegistryConfig, status: number): RefusedError =>
  new RefusedError(
    `${config.url} does not answer as a schema registry (status ${status}): check FRESHET_REGISTRY_URL`,
  );

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
    async schemaOf(id) {
      const { status, body } = await callRegistry(config, `/schemas/ids/${id}`, { method: 'GET' });
      if (isUnknown(status, body)) return null;
      const { schema, schemaType } = body;
      if (status !== 200 || typeof schema !== 'string') throw notARegistry(config, status);
      return schemaType === undefined || schemaType === 'AVRO' ? schema : null;
    },
    async idOf(subject, schema) {
      // Deleted versions count: their records are still in the log.
      const path = `/subjects/${encodeURIComponent(subject)}?deleted=true`;
      const request = { method: 'POST', body: { schema } };
      const { status, body } = await callRegistry(config, path, request);
      if (isUnknown(status, body)) return null;
      const { id } = body;
      if (status !== 200 || typeof id !== 'number') throw notARegistry(config, status);
      return id;
    },
  };
}
