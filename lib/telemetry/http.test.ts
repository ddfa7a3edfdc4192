import { afterEach, expect, test } from 'vitest';
import { startTelemetryServer, type TelemetryServer } from './http.ts';
import { createMetrics } from './metrics.ts';

let server: TelemetryServer | undefined;
afterEach(() => server?.close());

const start = async (state: { healthy?: string | null; ready?: string | null } = {}) => {
  server = await startTelemetryServer({
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics({ processMetrics: false }),
    healthy: () => state.healthy ?? null,
    ready: () => state.ready ?? null,
  });
  return server.url;
};

test('says that it works and that it serves, on a free port', async () => {
  const url = await start();
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('says what it waits for', async () => {
  const url = await start({ ready: 'serving: reading definitions' });
  const answer = await fetch(`${url}/readyz`);
  expect([answer.status, await answer.text()]).toEqual([503, 'serving: reading definitions\n']);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('what does not work does not serve either', async () => {
  const url = await start({ healthy: 'stopped' });
  expect((await fetch(`${url}/healthz`)).status).toBe(503);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
});

test('shows metrics as Prometheus reads them', async () => {
  const answer = await fetch(`${await start()}/metrics`);
  expect(answer.headers.get('content-type')).toContain('version=0.0.4');
  expect(await answer.text()).toContain('# TYPE freshet_records_total counter');
});

test('answers nothing but GET, and no other path', async () => {
  const url = await start();
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
});
