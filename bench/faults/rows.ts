import { readdirSync } from 'node:fs';

import { UserError } from '../../lib/errors.ts';
import type { FaultRow } from './row.ts';

const folder = new URL('rows/', import.meta.url);

/** Every row that there is, by number: a file in rows/ is one, and nothing else names it. */
export async function loadRows(): Promise<readonly FaultRow[]> {
  const rows: FaultRow[] = [];
  for (const file of readdirSync(folder).toSorted()) {
    if (!/^\d\d-[\w-]+\.ts$/.test(file)) continue;
    const module = (await import(new URL(file, folder).href)) as { readonly row?: FaultRow };
    if (module.row === undefined) throw new Error(`${file} exports no row`);
    rows.push(module.row);
  }
  return rows.toSorted((a, b) => a.row - b.row);
}

/** `1-5,10,12`: numbers and ranges, with commas. */
export function numbersOf(text: string): readonly number[] {
  const numbers = text.split(',').flatMap((part) => {
    const [, low, high = low] = /^\s*(\d{1,2})(?:-(\d{1,2}))?\s*$/.exec(part) ?? [];
    if (low === undefined || Number(high) < Number(low)) {
      throw new UserError(`--rows takes numbers and ranges, like 1-5,10: not '${part}'`);
    }
    return Array.from({ length: Number(high) - Number(low) + 1 }, (_, n) => Number(low) + n);
  });
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

/** The rows of these numbers; refuses numbers that no row has. */
export function chosenRows(
  rows: readonly FaultRow[],
  numbers: readonly number[],
): readonly FaultRow[] {
  return numbers.map((number) => {
    const row = rows.find((one) => one.row === number);
    if (row === undefined) {
      const known = rows.map((one) => one.row).join(', ');
      throw new UserError(`there is no row ${number}; there are: ${known}`);
    }
    return row;
  });
}
