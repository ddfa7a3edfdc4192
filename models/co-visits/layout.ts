import { type CellLayout, headAt } from '../cells.ts';

/**
 * A row of cells (see cells.ts), little-endian:
 *
 * | at | what |
 * | --- | --- |
 * | 0 | as every row of cells; 6: u16 unused, 0 |
 * | 8 | i32 epoch: weights count in units of 2^epoch (see neighbourhood.ts) |
 * | 12 | u32 visits of the item, never decayed |
 * | 16 | f64 decayed visits of the item |
 * | 24 | cells: [f32 weight][f32 error][id, padded with 0xFF] |
 */
export const layoutVersion = 1;
export const headBytes = 24;
export const at = { ...headAt, epoch: 8, visits: 12, own: 16 } as const;

/** Where in a cell they lie. */
export const column = { weight: 0, error: 4 } as const;
export const idAt = 8;
export const cellBytes = (words: number): number => idAt + 4 * words;

export const cellLayout: CellLayout = {
  version: layoutVersion,
  headBytes,
  idAt,
  storesMarks: false,
  roomMin: 8,
};
