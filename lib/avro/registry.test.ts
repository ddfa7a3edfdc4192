import { afterEach, expect, test, vi } from 'vitest';
import { RefusedError, RetryableError } from '../errors.ts';
import { openRegistry } from './registry.ts';

const config = { url: 'http://registry.invalid:8081/', timeoutMs: 20 };

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What the registry is asked, while it always gives one answer; where another has never been. */
function answering(status: number, body: unknown, url = config.url) {
  const asked: { url: string; method: string; body: unknown }[] = [];
  vi.stubGlobal('fetch', async (url: string, request: RequestInit) => {
    asked.push({ url, method: request.method ?? '', body: request.body });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return new Response(text, { status });
  });
  return { asked, registry: openRegistry({ ...config, url }) };
}

let places = 0;
/** An address where no registry has answered yet. */
const elsewhere = (): string => `http://registry-${places++}.invalid`;

test('a schema is asked for by id, and looked up under its subject, deleted versions included', async () => {
  const { asked, registry } = answering(200, { schema: '"int"', id: 3 });
  expect(await registry.schemaOf(3)).toBe('"int"');
  expect(await registry.idOf('a/b-value', '"int"')).toBe(3);
  expect(asked).toEqual([
    { url: 'http://registry.invalid:8081/schemas/ids/3', method: 'GET', body: null },
    {
      url: 'http://registry.invalid:8081/subjects/a%2Fb-value?deleted=true',
      method: 'POST',
      body: '{"schema":"\\"int\\""}',
    },
  ]);
});

test('user and password come from the address, and are never shown', async () => {
  const requests: { url: string; authorization: unknown }[] = [];
  vi.stubGlobal('fetch', async (url: string, { headers }: { headers: Record<string, string> }) => {
    requests.push({ url, authorization: headers['authorization'] });
    return new Response('', { status: 401 });
  });
  const registry = openRegistry({ url: 'https://me:s%3Aecret@r.invalid/api/', timeoutMs: 20 });
  const error = await registry.schemaOf(1).catch((thrown: unknown) => thrown);
  expect(requests).toEqual([
    {
      url: 'https://r.invalid/api/schemas/ids/1',
      authorization: `Basic ${Buffer.from('me:s:ecret').toString('base64')}`,
    },
  ]);
  expect(String(error)).not.toContain('ecret');
});

test.for([
  [404, { error_code: 40403, message: 'Schema not found' }],
  [404, { error_code: 40401, message: 'Subject not found' }],
  [422, { error_code: 42201, message: 'Invalid schema' }],
] as const)('%i with the registry’s own code means: not known', async ([status, body]) => {
  const { registry } = answering(status, body);
  expect(await registry.schemaOf(1)).toBeNull();
  expect(await registry.idOf('s', '"int"')).toBeNull();
});

test('the newest schema of a subject comes with its id', async () => {
  const { asked, registry } = answering(200, { schema: '"int"', id: 3, version: 2 });
  expect(await registry.newestOf('a/b-value')).toEqual({ id: 3, schema: '"int"' });
  expect(asked.map(({ url }) => url)).toEqual([
    'http://registry.invalid:8081/subjects/a%2Fb-value/versions/latest',
  ]);
  const none = answering(404, { error_code: 40401, message: 'Subject not found' });
  expect(await none.registry.newestOf('s')).toBeNull();
  const other = answering(200, { schema: 'message A {}', id: 3, schemaType: 'PROTOBUF' });
  expect(await other.registry.newestOf('s')).toBeNull();
});

test('a schema of another language is not known', async () => {
  const { registry } = answering(200, { schema: 'message A {}', schemaType: 'PROTOBUF' });
  expect(await registry.schemaOf(1)).toBeNull();
});

test.for([
  [401, { message: 'who are you' }, 'credentials'],
  [403, 'no', 'credentials'],
  [404, '<html>not here</html>', 'does not answer as a schema registry'],
  [404, { error_code: 404, message: 'no such route' }, 'does not answer as a schema registry'],
  [200, 'hello', 'does not answer as a schema registry'],
  [200, {}, 'does not answer as a schema registry'],
] as const)('%i %j stops us, and says what to check', async ([status, body, words]) => {
  const { registry } = answering(status, body, elsewhere());
  for (const call of [registry.schemaOf(1), registry.idOf('s', '"int"')]) {
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RefusedError);
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).toContain('FRESHET_REGISTRY_URL');
  }
});

test.for([
  [404, '<html>not here</html>'],
  [200, '<html>back soon</html>'],
  [200, {}],
] as const)('%i %j where a registry was is trouble that passes', async ([status, body]) => {
  const url = elsewhere();
  await answering(200, { schema: '"int"', id: 3 }, url).registry.idOf('s', '"int"');
  const { registry } = answering(status, body, url);
  for (const call of [registry.schemaOf(1), registry.idOf('s', '"int"')])
    await expect(call).rejects.toThrow(RetryableError);
});

test.for([500, 503, 429])('%i passes: it is tried again later', async (status) => {
  const { registry } = answering(status, { error_code: 50001 });
  await expect(registry.schemaOf(1)).rejects.toThrow(RetryableError);
});

test('a registry that accepts and never answers is away after the deadline', async () => {
  vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
    const { promise, reject } = Promise.withResolvers<Response>();
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
    return promise;
  });
  await expect(openRegistry(config).schemaOf(1)).rejects.toThrow(RetryableError);
});

test('what fetch hides in the cause is said', async () => {
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
  });
  await expect(openRegistry(config).schemaOf(1)).rejects.toThrow('ECONNREFUSED');
});

test('an address at a port that fetch refuses is a mistake in a setting, not a registry that is away', async () => {
  const registry = openRegistry({ url: 'http://127.0.0.1:1/', timeoutMs: 20 });
  await expect(registry.schemaOf(1)).rejects.toThrow(/^no schema registry can be at .*:1: .*check/);
  await expect(registry.schemaOf(1)).rejects.toBeInstanceOf(RefusedError);
});
