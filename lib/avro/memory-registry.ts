import type { RegistryPort } from './registry.ts';

/** What a registry does, in memory: for tests and for folding without a stack. */
export interface MemoryRegistry extends RegistryPort {
  /** Schemas by id, as text. */
  readonly texts: Map<number, string>;
  /** Every question, in order: 'schema <id>', 'lookup <subject>' or 'newest <subject>'. */
  readonly asked: string[];
}

/** All schemas stand under every subject but the `foreign` ones, which stand under none. */
export function memoryRegistry(
  schemas: Readonly<Record<number, unknown>>,
  foreign: readonly number[] = [],
): MemoryRegistry {
  const asked: string[] = [];
  const texts = new Map(
    Object.entries(schemas).map(([id, schema]) => [
      Number(id),
      typeof schema === 'string' ? schema : JSON.stringify(schema),
    ]),
  );
  return {
    texts,
    asked,
    async schemaOf(id) {
      asked.push(`schema ${id}`);
      return texts.get(id) ?? null;
    },
    async idOf(subject, schema) {
      asked.push(`lookup ${subject}`);
      for (const [id, text] of texts) if (text === schema && !foreign.includes(id)) return id;
      return null;
    },
    async newestOf(subject) {
      asked.push(`newest ${subject}`);
      const own = [...texts].filter(([id]) => !foreign.includes(id));
      const [id, schema] = own.toSorted(([a], [b]) => a - b).at(-1) ?? [];
      return id === undefined || schema === undefined ? null : { id, schema };
    },
  };
}
