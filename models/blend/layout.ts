/**
 * A stored row, little-endian:
 *
 * | at | what |
 * | --- | --- |
 * | 0 | u8 layout, u8 width of an id in words of 4 bytes, u16 cells used, u16 cells there is room for |
 * | 8 | u32 visits, never faded; 12: f32 sum over all neighbours ever of `after` |
 * | 16 | f64 scale of the column `fading`; 24: f64 scale of `nextFading` |
 * | 32 | f32 sums over all neighbours ever of `next` and `nextFading` |
 * | 40 | u32 first and last visit, seconds |
 * | 48 | f64 x rungs: log2 of the visits, fading by half-lives in events |
 * | 72 | u16 x 24: visits by hour of the day (UTC), all halved when one is full |
 * | 120 | cells: u32 hash of the id, f32 x columns, the id padded with 0xFF |
 *
 * Cells have one width, so that a change is a patch in place; the padding byte occurs in no UTF-8.
 * Everything is a multiple of 4, so that columns can be read as floats in place.
 */
export const layoutVersion = 1;
export const headBytes = 120;
export const at = {
  layout: 0,
  words: 1,
  used: 2,
  capacity: 4,
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

/** Room grows in these steps up to the configured number, so that most growth is a patch. */
const steps = [4, 8, 16, 32, 64, 128, 256, 512];
export const capacityFor = (cells: number, cellsMax: number): number =>
  Math.min(cellsMax, steps.find((step) => step >= cells) ?? cellsMax);

/** The hour of the day, UTC. */
export const hourOf = (atMs: number): number => Math.floor((atMs % 86_400_000) / 3_600_000);
