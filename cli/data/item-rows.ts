import type { Item } from '../../schemas/generated/item.ts';
import { attributesOf, FieldFault, fieldOf, neededText, textOf, timeOf } from './fields.ts';
import type { InputFile } from './input-file.ts';
import { eventTimeNames } from './event-rows.ts';
import { type Fields, type NeededColumns, rowsOf } from './rows.ts';

export const itemNames: ReadonlySet<string> = new Set(
  'item_id title categories attributes available_from available_until'.split(' '),
);

export const itemColumns: NeededColumns = [['item_id']];

/** What no event has; attributes both may have. */
const ofItemsOnly = ['title', 'categories', 'available_from', 'available_until'] as const;
const ofEventsOnly = ['type', 'event_type', ...eventTimeNames] as const;

/**
 * Whether a file was given in the place of another: its rows name items and are of users. Read until
 * the first row that says more of an item than its id, which most files have at their start.
 */
export async function holdsEvents(file: InputFile): Promise<boolean> {
  let events = false;
  for await (const rows of rowsOf(file)) {
    for (const { fields } of rows) {
      if (fields === null) continue;
      if (fieldOf(fields, ofItemsOnly) !== undefined) return false;
      events ||=
        fieldOf(fields, ['user_id']) !== undefined && fieldOf(fields, ofEventsOnly) !== undefined;
    }
  }
  return events;
}

const idBytesMax = 128;
const titleCharsMax = 1_000;
const categoriesMax = 32;

/** In CSV, categories are one cell, parted by `|` or `;`. */
export function itemOf(fields: Fields, nowMs: number): Item {
  const item: Item = {
    item_id: neededText(fields, ['item_id']),
    title: textOf(fields, ['title']) ?? '',
    categories: categoriesOf(fieldOf(fields, ['categories'])),
    attributes: attributesOf(fields),
    available_from: timeOf(fields, ['available_from'], nowMs),
    available_until: timeOf(fields, ['available_until'], nowMs),
  };
  if (Buffer.byteLength(item.item_id) > idBytesMax) {
    throw new FieldFault(`item_id: at most ${idBytesMax} bytes`);
  }
  if (item.title.length > titleCharsMax) {
    throw new FieldFault(`title: at most ${titleCharsMax} characters`);
  }
  return item;
}

function categoriesOf(value: unknown): string[] {
  if (value === undefined) return [];
  const given: unknown[] = typeof value === 'string' ? value.split(/[|;]/) : asArray(value);
  const categories = given.map((category) => {
    if (typeof category !== 'string') throw new FieldFault('categories: must be texts');
    return category.trim();
  });
  const named = [...new Set(categories.filter((category) => category !== ''))];
  if (named.length > categoriesMax) throw new FieldFault(`categories: at most ${categoriesMax}`);
  return named;
}

function asArray(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new FieldFault('categories: must be a list');
  return value as unknown[];
}
