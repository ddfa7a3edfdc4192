import type { StateStore } from './store.ts';

/** What Redis does, in memory: for tests and for folding without a stack. */
export interface MemoryStore extends StateStore {
  readonly values: Map<string, Buffer>;
  readonly decisions: Map<string, ReadonlySet<number>>;
}

export function memoryStore(): MemoryStore {
  const values = new Map<string, Buffer>();
  const decisions = new Map<string, ReadonlySet<number>>();
  const stands = (headerKey: string): string | null => values.get(headerKey)?.toString() ?? null;
  return {
    values,
    decisions,
    load: async (keys) => keys.map((key) => copy(values.get(key))),
    commit: async ({ headerKey, expected, next, writes, removes = [], decided }) => {
      if (stands(headerKey) !== expected) return 'refused';
      if (decided !== undefined && (decisions.get(decided.key)?.size ?? 0) !== decided.count)
        return 'refused';
      for (const { key, write } of writes) {
        if ('whole' in write) values.set(key, Buffer.from(write.whole));
        else for (const { at, bytes } of write.patches) patch(values, key, { at, bytes });
      }
      for (const key of removes) values.delete(key);
      values.set(headerKey, Buffer.from(next));
      return 'applied';
    },
    decide: async ({ headerKey, expected, key, offsets }) => {
      if (stands(headerKey) !== expected) return 'refused';
      decisions.set(key, new Set([...(decisions.get(key) ?? []), ...offsets]));
      return 'applied';
    },
    decided: async (key) => new Set(decisions.get(key)),
    remove: async ({ headerKey, expected, keys }) => {
      if (stands(headerKey) !== expected) return 'refused';
      const there = [...new Set(keys)].flatMap((key) => values.get(key) ?? []);
      for (const key of keys) values.delete(key);
      const bytes = there.reduce((sum, value) => sum + value.length, 0);
      return { rows: there.length, bytes };
    },
  };
}

/** Callers own what they get: a fold may change it in place. */
const copy = (bytes: Buffer | undefined): Buffer | null =>
  bytes === undefined ? null : Buffer.from(bytes);

/** SETRANGE: grows the value with zeros where it is too short. */
function patch(
  values: Map<string, Buffer>,
  key: string,
  { at, bytes }: { at: number; bytes: Buffer },
): void {
  const before = values.get(key) ?? Buffer.alloc(0);
  const grown = Buffer.alloc(Math.max(before.length, at + bytes.length));
  before.copy(grown);
  bytes.copy(grown, at);
  values.set(key, grown);
}
