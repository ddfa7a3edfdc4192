import { afterEach, expect, test, vi } from 'vitest';

import { clientCredentials } from './oauth-token.ts';

afterEach(() => void vi.unstubAllGlobals());

const given = {
  url: 'https://login.invalid/oauth/token?tenant=hidden',
  clientId: 'freshet:ingest',
  secret: () => 'hidden/secret',
  scope: 'kafka',
  tls: undefined,
};

const answering = (status: number, body: unknown) => {
  const asked: RequestInit[] = [];
  vi.stubGlobal('fetch', async (_: string, request: RequestInit) => {
    asked.push(request);
    return new Response(JSON.stringify(body), { status });
  });
  return asked;
};

test('one token serves all who ask while it is fresh', async () => {
  const asked = answering(200, { access_token: 't1', expires_in: 300 });
  const token = clientCredentials(given);
  expect(await Promise.all([token(), token()])).toEqual([{ value: 't1' }, { value: 't1' }]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.body).toBe('grant_type=client_credentials&scope=kafka');
  const login = Buffer.from('freshet%3Aingest:hidden%2Fsecret').toString('base64');
  expect(asked[0]?.headers).toMatchObject({ authorization: `Basic ${login}` });
});

test('one that has lived is asked for again, and so is one that did not come', async () => {
  const asked = answering(200, { access_token: 't1', expires_in: 1e-9 });
  const token = clientCredentials(given);
  await token();
  await vi.waitFor(async () => {
    await token();
    expect(asked.length).toBeGreaterThan(1);
  });
  answering(500, {});
  const failing = clientCredentials(given);
  await expect(failing()).rejects.toThrow('status 500');
  answering(200, { access_token: 't2' });
  expect(await failing()).toEqual({ value: 't2' });
});

test('a refusal is told without address, secret or what else the endpoint says', async () => {
  answering(401, { error: 'invalid_client', error_description: 'hidden' });
  const error = await clientCredentials(given)().catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('https://login.invalid: status 401 (invalid_client)');
  expect(String(error)).not.toContain('hidden');
});
