import { type CellLayout, headAt } from '../cells.ts';

/**
 * A row of cells (see cells.ts), little-endian:
 *
 * | at | what |
 * | --- | --- |
 * | 0 | as every row of cells; 6: u16 unused, 0 |
 * | 8 | u32 visits, never faded; 12: f32 sum over all neighbours ever of `after` |
 * | 16 | f64 scale of the column `fading`; 24: f64 scale of `nextFading` |
 * | 32 | f32 sums over all neighbours ever of `next` and `nextFading` |
 * | 40 | u32 first and last visit, seconds |
 * | 48 | f64 x rungs: log2 of the visits, fading by half-lives in events |
 * | 72 | u16 x 24: visits by hour of the day (UTC), all halved when one is full |
 * | 120 | cells: u32 hash of the id, f32 x columns, the id padded with 0xFF |
 */
export const layoutVersion = 1;
export const headBytes = 120;
export const at = {
  ...headAt,
  visits: 8,
  after: 12,
  fadingScale: 16,
  nextScale: 24,
  next: 32,
  nextFading: 36,
  firstSeconds: 40,
  lastSeconds: 44,
  rungs: 48,
  hours: 72,
} as const;

/** Half-lives of the popularity rungs, in accepted events of a source partition; then all time. */
export const rungHalfLives = [300, 3_000, 30_000] as const;
export const rungs = rungHalfLives.length + 1;
export const hoursOfDay = 24;

/**
 * What a cell counts of the pair (this row's item, the neighbour). `near`: weighed by distance;
 * `session`: within one session; `after`: the neighbour came later, weighed by distance; `next`:
 * came right after; `nextFading`: the same, fading with the row's own transitions; `fading`: as
 * `near`, fading with the row's own pairs, which also decides who stays.
 */
export const column = {
  near: 0,
  session: 1,
  after: 2,
  next: 3,
  nextFading: 4,
  fading: 5,
} as const;
const columns = 6;

export const columnsAt = 4;
export const idAt = columnsAt + 4 * columns;
export const cellBytes = (words: number): number => idAt + 4 * words;

export const cellLayout: CellLayout = {
  version: layoutVersion,
  headBytes,
  idAt,
  storesMarks: true,
  roomMin: 4,
};

/** The hour of the day, UTC. */
export const hourOf = (atMs: number): number => Math.floor((atMs % 86_400_000) / 3_600_000);
