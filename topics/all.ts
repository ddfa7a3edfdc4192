/**
 * Every topic. A topic is a file in this folder that exports one: adding a topic needs that file and
 * nothing else, so nothing can be forgotten here.
 */
import { readdirSync } from 'node:fs';
import type { Topic } from './topic.ts';

const isTopic = (value: unknown): value is Topic =>
  typeof value === 'object' && value !== null && 'thing' in value && 'writtenBy' in value;

const files = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'all.ts')
  .toSorted();
const modules: Record<string, unknown>[] = await Promise.all(
  files.map((name) => import(new URL(name, import.meta.url).href)),
);

/** In order of their files' names. */
export const topics: readonly Topic[] = modules.flatMap((module) =>
  Object.values(module).filter(isTopic),
);
