import { expect, test } from 'vitest';

import { brokenCluster, evictionIn, unfitness } from './fitness.ts';

const info = (fields: Record<string, string>): string =>
  ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join(
    '\r\n',
  );
const good = { role: 'master', cluster_enabled: '0', maxmemory_policy: 'noeviction' };

test('a primary that evicts nothing is fit, and one that does not say is not doubted', () => {
  expect(unfitness(info(good), 'h:1')).toBeNull();
  expect(evictionIn('', 'h:1')).toBeNull();
});

test('a policy that evicts is refused, with the one to set', () => {
  const fault = unfitness(info({ ...good, maxmemory_policy: 'allkeys-lru' }), 'h:1');
  expect(fault?.name).toBe('RefusedError');
  expect(fault?.message).toMatch(/h:1 evicts keys \(maxmemory-policy allkeys-lru\).*noeviction/);
});

test('a replica is named, with its primary, and may become one', () => {
  const replica = { ...good, role: 'slave', master_host: 'p', master_port: '7' };
  const fault = unfitness(info(replica), 'h:1');
  expect(fault?.name).toBe('RetryableError');
  expect(fault?.message).toContain('h:1 is a replica of p:7');
});

test('a node of a cluster behind a plain URL is refused', () => {
  const fault = unfitness(info({ ...good, cluster_enabled: '1' }), 'h:1');
  expect(fault?.name).toBe('RefusedError');
  expect(fault?.message).toContain('redis+cluster://');
});

test('a cluster that is not whole says how much of it is there', () => {
  expect(brokenCluster(info({ cluster_state: 'ok' }), 'h:1')).toBeNull();
  const fault = brokenCluster(info({ cluster_state: 'fail', cluster_slots_ok: '5461' }), 'h:1');
  expect(fault?.message).toMatch(/cluster_state:fail, 5461 of 16384 .*--cluster check h:1/);
});
