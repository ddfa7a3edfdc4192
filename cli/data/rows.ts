import { messageOf, UserError } from '../../lib/errors.ts';
import { cellsOf } from './csv.ts';
import type { InputFile } from './input-file.ts';
import { type Line, lineBytesMax, linesOf } from './lines.ts';

/** A row of a file: its fields, or what is wrong with it. */
export interface Row {
  /** Of the file, from 1. */
  readonly line: number;
  /** From 1; a header is no row, nor is an empty line. */
  readonly row: number;
  readonly fields: Fields | null;
  readonly fault: string | null;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Lines that one quoted cell may run over. */
const cellLinesMax = 100;

/** Columns that no row can do without, each by all of its names. */
export type NeededColumns = readonly (readonly string[])[];

/**
 * The rows of a file of JSON lines, or of CSV with a header: told apart by the first character.
 * A header that lacks columns is refused as a whole: every row would have the same faults.
 */
export async function* rowsOf(
  file: InputFile,
  needed: NeededColumns = [],
): AsyncGenerator<readonly Row[]> {
  let read: ((line: Line, rows: Row[]) => void) | null = null;
  let finish: (rows: Row[]) => void = () => undefined;
  try {
    for await (const lines of linesOf(file.open())) {
      const rows: Row[] = [];
      for (const line of lines) {
        if (read !== null) {
          read(line, rows);
          continue;
        }
        if (line.text?.trim() === '') continue;
        if (line.text === null) throw new UserError(`${file.name}: line ${line.number} ${tooLong}`);
        if (line.text?.trimStart().startsWith('{') === true) {
          read = jsonRows();
          read(line, rows);
        } else {
          const csv = csvRows(file.name, line, needed);
          read = csv.read;
          finish = csv.finish;
        }
      }
      if (rows.length > 0) yield rows;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read ${file.name}: ${messageOf(error)}`);
  }
  const rows: Row[] = [];
  finish(rows);
  if (rows.length > 0) yield rows;
}

const faulty = (line: number, row: number, fault: string): Row => ({
  line,
  row,
  fields: null,
  fault,
});

const tooLong = `is too long: at most ${lineBytesMax} bytes`;

function textFault({ text }: Line): string | null {
  if (text === null) return tooLong;
  return text.includes('\uFFFD') ? 'is not valid UTF-8' : null;
}

function jsonRows(): (line: Line, rows: Row[]) => void {
  let row = 0;
  return (line, rows) => {
    const { number, text } = line;
    if (text?.trim() === '') return;
    row += 1;
    const fault = textFault(line);
    if (fault !== null || text === null) {
      rows.push(faulty(number, row, fault ?? 'is empty'));
      return;
    }
    try {
      const value: unknown = JSON.parse(text);
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isObject) rows.push({ line: number, row, fields: value as Fields, fault: null });
      else rows.push(faulty(number, row, 'is not a JSON object'));
    } catch {
      rows.push(faulty(number, row, 'is not JSON'));
    }
  };
}

function csvRows(
  name: string,
  header: Line,
  needed: NeededColumns,
): { read: (line: Line, rows: Row[]) => void; finish: (rows: Row[]) => void } {
  const names = cellsOf(header.text ?? '')?.map((cell) => cell.trim());
  if (names === undefined || names.some((cell) => cell === '') || textFault(header) !== null) {
    throw new UserError(
      `${name}: line ${header.number} is neither a JSON object nor a CSV header with column names`,
    );
  }
  refuseLacking(`${name}: line ${header.number}`, names, needed);
  let row = 0;
  // A quoted cell may hold line breaks: its record begins on this line.
  let open: { line: number; texts: string[] } | null = null;
  const close = (rows: Row[], cells: string[] | null, line: number): void => {
    open = null;
    row += 1;
    if (cells === null) rows.push(faulty(line, row, 'has a quote that is not closed'));
    else if (cells.length !== names.length) {
      rows.push(faulty(line, row, `has ${cells.length} cells, and the header ${names.length}`));
    } else rows.push({ line, row, fields: fieldsOf(names, cells), fault: null });
  };
  const read = (line: Line, rows: Row[]): void => {
    const { number, text } = line;
    if (open === null && text === '') return;
    const first = open?.line ?? number;
    const fault = textFault(line);
    if (fault !== null || text === null) {
      open = null;
      row += 1;
      rows.push(faulty(first, row, fault ?? 'is empty'));
      return;
    }
    const texts: string[] = [...(open?.texts ?? []), text];
    const cells = cellsOf(texts.join('\n'));
    if (cells === null && texts.length < cellLinesMax) open = { line: first, texts };
    else close(rows, cells, first);
  };
  return {
    read,
    finish: (rows) => {
      if (open !== null) close(rows, null, open.line);
    },
  };
}

/** A header longer than this is not shown whole. */
const headerCharsMax = 300;

function refuseLacking(where: string, names: readonly string[], needed: NeededColumns): void {
  const lacking = needed.filter((column) => !column.some((name) => names.includes(name)));
  if (lacking.length === 0) return;
  const had = names.join(', ');
  const more = had.length > headerCharsMax ? '...' : '';
  throw new UserError(
    `${where}, the header, lacks ${lacking.map((column) => column.join(' or ')).join(', ')}; ` +
      `it has ${had.slice(0, headerCharsMax)}${more}`,
  );
}

/** An empty cell is an absent field. */
function fieldsOf(names: readonly string[], cells: readonly string[]): Fields {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (let index = 0; index < names.length; index += 1) {
    const cell = cells[index];
    if (cell !== '') fields[names[index] ?? ''] = cell;
  }
  return fields;
}
