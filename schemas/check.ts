/**
 * Proves, with no registry at hand, that every schema reads all its published versions, and that
 * what is in schemas/avro is what was published last. Published versions lie in
 * schemas/history/<name>/<n>.avsc; a change of a schema is published by `freshet schemas record`,
 * which adds the next one. Files in there are never edited.
 *
 *   node schemas/check.ts   exits 1 and says what is wrong
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { incompatibility, sameSchema, type Version } from './compatibility.ts';

const folder = new URL('./', import.meta.url);

export interface SchemaReport {
  readonly name: string;
  /** Null: fine. */
  readonly fault: string | null;
  readonly versions: number;
}

export const schemaNames = (root: URL = folder): string[] =>
  readdirSync(new URL('avro/', root))
    .filter((file) => file.endsWith('.avsc'))
    .map((file) => file.replace(/\.avsc$/, ''))
    .toSorted();

export const schemaText = (name: string, root: URL = folder): string =>
  readFileSync(new URL(`avro/${name}.avsc`, root), 'utf8');

function history(name: string, root: URL): Version[] {
  const past = new URL(`history/${name}/`, root);
  if (!existsSync(past)) return [];
  return readdirSync(past)
    .filter((file) => /^\d+\.avsc$/.test(file))
    .map((file) => ({
      number: Number(file.replace('.avsc', '')),
      text: readFileSync(new URL(file, past), 'utf8'),
    }))
    .toSorted((a, b) => a.number - b.number);
}

function faultOf(text: string, versions: readonly Version[]): string | null {
  const fault = incompatibility(text, versions);
  if (fault !== null) return fault;
  const last = versions.at(-1);
  if (last !== undefined && sameSchema(last.text, text)) return null;
  return 'is not published: run `freshet schemas record`';
}

export function checkSchemas(root: URL = folder): SchemaReport[] {
  const names = schemaNames(root);
  const reports = names.map((name) => {
    const versions = history(name, root);
    return { name, fault: faultOf(schemaText(name, root), versions), versions: versions.length };
  });
  const orphans = readdirSync(new URL('history/', root))
    .filter((name) => !names.includes(name))
    .map((name) => ({
      name,
      fault: `is gone from schemas/avro, and records that were written with it are not`,
      versions: history(name, root).length,
    }));
  return [...reports, ...orphans];
}

/** Adds what is not published yet to the history. Refuses all if one does not read its past. */
export function recordSchemas(root: URL = folder): SchemaReport[] {
  const pending = schemaNames(root).flatMap((name) => {
    const versions = history(name, root);
    const text = schemaText(name, root);
    const last = versions.at(-1);
    if (last !== undefined && sameSchema(last.text, text)) return [];
    const number = (last?.number ?? 0) + 1;
    return [{ name, text, number, fault: incompatibility(text, versions) }];
  });
  const refused = pending.some(({ fault }) => fault !== null);
  return pending.map(({ name, text, number, fault }) => {
    if (!refused) {
      mkdirSync(new URL(`history/${name}/`, root), { recursive: true });
      writeFileSync(new URL(`history/${name}/${number}.avsc`, root), text);
    }
    return { name, fault, versions: number };
  });
}

if (import.meta.main) {
  const faults = checkSchemas().filter(({ fault }) => fault !== null);
  for (const { name, fault } of faults) console.error(`schemas/avro/${name}.avsc ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
