import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

import { applyAlone } from '../../cli/commands/apply.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import type { StackAddresses } from '../../stack/stack.ts';
import { items } from '../../topics/items.ts';
import { topicName } from '../../topics/topic.ts';
import type { Pipeline } from './pipeline.ts';

/** The stack that the run of tests was given. */
export const testStack = (): StackAddresses => ({
  kafkaBrokers: inject('kafkaBrokers'),
  registryUrl: inject('registryUrl'),
  redisUrl: inject('redisUrl'),
});

/** A context that serves one model and falls back on none. */
export const contextOf = (name: string, model: string): object => ({
  context: name,
  size: 10,
  rules: [{ rule: 'available' }],
  ladder: [{ step: model, model }],
});

/** Applies models and contexts as `freshet apply` does, from files. */
export async function applyAll(pipeline: Pipeline, definitions: readonly object[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'freshet-definitions-'));
  try {
    for (const [n, one] of definitions.entries())
      writeFileSync(join(dir, `${n}.json`), JSON.stringify(one));
    await applyAlone(dir, pipeline.bed.config);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const bare: Omit<Item, 'item_id'> = {
  title: '',
  categories: [],
  attributes: {},
  available_from: null,
  available_until: null,
};

/** Items by id, as far as they are not bare; null withdraws one. */
export async function publishItems(
  pipeline: Pipeline,
  of: Readonly<Record<string, Partial<Item> | null>>,
): Promise<void> {
  const { config, registry } = pipeline.bed;
  const topic = topicName(config.prefix, items);
  const encode = await openEncoder<Item>(registry, `${topic}-value`, itemSchema);
  await pipeline.publishRaw(
    Object.entries(of).map(([key, change]) => ({
      topic,
      key,
      value: change === null ? null : encode({ ...bare, item_id: key, ...change }),
    })),
  );
}
