import { expect, test } from 'vitest';

import { RetryableError } from '../../lib/errors.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { createLogger } from '../../lib/telemetry/log.ts';
import {
  contextVersion,
  modelVersion,
  parseContext,
  parseModel,
} from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import type { ValueDecoder } from '../../topics/interactions-input.ts';
import { Definitions } from './definitions.ts';

const decoder: ValueDecoder<Definition> = {
  prepare: async () => undefined,
  decode: (value) => ({ ok: true, value: JSON.parse(String(value)) as Definition }),
};
const definitionsWith = (change: Partial<typeof decoder> = {}) =>
  new Definitions({
    kafka: { brokers: [], clientId: 'test' },
    models: { topic: 'models', decoder: { ...decoder, ...change } },
    contexts: { topic: 'contexts', decoder: { ...decoder, ...change } },
    kinds,
    log: createLogger({ name: 'test', level: 'silent' }),
    onFatal: (error) => {
      throw error;
    },
  });

const record = (topic: string, key: string, value: Definition | null): LogRecord => ({
  topic,
  partition: 0,
  offset: 0,
  timestampMs: 0,
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(JSON.stringify(value)),
  headers: {},
});

function published() {
  const model = parseModel('{"model":"co-visits","kind":"co-visits"}', kinds);
  if (!model.ok) throw new Error(model.faults.join());
  const { name, version, content } = modelVersion(model.value);
  const ladder = [{ step: 'personal', model: version }];
  const context = parseContext(JSON.stringify({ context: 'home', size: 10, ladder }));
  if (!context.ok) throw new Error(context.faults.join());
  return {
    version,
    model: record('models', version, { name, version, revision: 1, content }),
    context: record('contexts', 'home', { ...contextVersion(context.value), revision: 1 }),
  };
}

test('a model is in use once a context names it, whichever comes first', async () => {
  const { version, model, context } = published();
  const definitions = definitionsWith();
  definitions.take(context);
  await expect.poll(() => definitions.personal().length).toBe(0);
  definitions.take(model);
  await expect.poll(() => definitions.personal().map((one) => one.version)).toEqual([version]);
  definitions.take(record('contexts', 'home', null));
  await expect.poll(() => definitions.personal()).toEqual([]);
});

test('while the registry is away records wait, in order, and it says so', async () => {
  const { version, model, context } = published();
  let calls = 0;
  const away = (): boolean => calls < 3;
  const definitions = definitionsWith({
    prepare: async () => {
      calls += 1;
      if (away()) throw new RetryableError('the registry is away');
    },
    decode: (value) =>
      away() ? { ok: false, reason: 'unknown_schema', detail: '' } : decoder.decode(value),
  });
  definitions.take(model);
  definitions.take(context);
  await expect.poll(() => definitions.ready()).toBe('the registry is away');
  expect(definitions.personal()).toEqual([]);
  await expect
    .poll(() => definitions.personal().map((one) => one.version), { timeout: 5000 })
    .toEqual([version]);
});
