import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { now } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import { ItemTable } from '../../models/item-table.ts';
import { ingestConfig } from '../../services/ingest/config.ts';
import { eventsOf } from '../data/event-file.ts';
import { RowFaults } from '../data/faults.ts';
import { FieldFault } from '../data/fields.ts';
import { openInputFile } from '../data/input-file.ts';
import { itemColumns, itemOf } from '../data/item-rows.ts';
import { rowsOf } from '../data/rows.ts';
import { type EventTable, EventTableBuilder } from './event-table.ts';

/** Events, and what is known of their items. */
export interface EvaluationData {
  readonly table: EventTable;
  /** Null: there is no file of items. */
  readonly items: ItemTable | null;
  readonly categories: ReadonlyMap<string, ReadonlySet<string>>;
  readonly faults: RowFaults;
  /** The file that the events came from, for messages. */
  readonly file: string;
}

export interface DataOptions {
  /** What the installation accepts; null: whatever the file has. */
  readonly types: readonly string[] | null;
  /** A file of items, where it does not lie beside the events. */
  readonly items?: string;
}

/** A folder with events.csv.gz and perhaps items.csv.gz (or .csv, .jsonl), or a file of events. */
export async function readData(path: string, given: DataOptions): Promise<EvaluationData> {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const file = isFolder ? fileIn(path, 'events') : path;
  if (file === null)
    throw new UserError(`${path} has no events.csv.gz, events.csv or events.jsonl`);
  const itemsFile = given.items ?? (isFolder ? fileIn(path, 'items') : null);
  const faults = new RowFaults();
  const table = await readEvents(file, { name: nameOf(path), types: given.types, faults });
  if (table.length === 0)
    throw new UserError([`${file} has no events`, ...faults.lines(file)].join('\n'));
  const known = itemsFile === null ? null : await readItems(itemsFile, faults);
  return {
    table,
    items: known?.items ?? null,
    categories: known?.categories ?? new Map(),
    faults,
    file,
  };
}

const endings = ['.csv.gz', '.csv', '.jsonl.gz', '.jsonl'];
export const fileIn = (folder: string, name: string): string | null =>
  endings.map((ending) => join(folder, name + ending)).find((path) => existsSync(path)) ?? null;

const nameOf = (path: string): string => basename(path).replace(/\.(csv|jsonl)(\.gz)?$/, '');

async function readEvents(
  path: string,
  given: {
    readonly name: string;
    readonly types: readonly string[] | null;
    readonly faults: RowFaults;
  },
): Promise<EventTable> {
  const file = await openInputFile(path);
  try {
    const builder = new EventTableBuilder();
    const types = given.types === null ? new AnyType() : new Set(given.types);
    // Times are not compared with the present here: what happened long ago is no fault.
    const limits = { ...ingestConfig(), types, ageMsMax: Infinity, aheadMsMax: Infinity };
    for await (const events of eventsOf(file, { limits, faults: given.faults }))
      for (const { user_id: userId, item_id: itemId, type, occurred_at: atMs } of events)
        builder.add({ userId, itemId, type, atMs });
    return builder.table(given.name);
  } finally {
    file.close();
  }
}

/** Says of every type that it is configured. */
class AnyType extends Set<string> {
  override has(type: string): boolean {
    return type !== '';
  }
}

async function readItems(
  path: string,
  faults: RowFaults,
): Promise<{ items: ItemTable; categories: Map<string, ReadonlySet<string>> }> {
  const file = await openInputFile(path);
  try {
    const items = new ItemTable({ terms: {} });
    const categories = new Map<string, ReadonlySet<string>>();
    const nowMs = now();
    for await (const rows of rowsOf(file, itemColumns))
      for (const { line, fields, fault } of rows) {
        try {
          if (fields === null) throw new FieldFault(fault ?? 'cannot be read');
          const item = itemOf(fields, nowMs);
          items.take(item.item_id, item);
          if (item.categories.length > 0) categories.set(item.item_id, new Set(item.categories));
        } catch (error) {
          if (!(error instanceof FieldFault)) throw error;
          faults.add(line, `${basename(path)}: ${error.message}`);
        }
      }
    return { items, categories };
  } finally {
    file.close();
  }
}
