const missing = 'n/a';

export const rate = (value: number | null | undefined): string =>
  value === null || value === undefined ? missing : value.toFixed(3);

export const percent = (value: number | null | undefined): string => {
  if (value === null || value === undefined) return missing;
  return `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)}%`;
};

export const fixed = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? missing : value.toFixed(digits);

/** Thousands are parted by a narrow space, alike in every locale. */
export const whole = (value: number): string =>
  Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** A time that somebody waits: three digits and a unit. */
export const micros = (us: number | null): string => {
  if (us === null) return missing;
  if (us >= 1_000_000) return `${Number((us / 1_000_000).toPrecision(3))} s`;
  if (us >= 1_000) return `${Number((us / 1_000).toPrecision(3))} ms`;
  return `${Number(us.toPrecision(3))} µs`;
};

export const seconds = (value: number): string =>
  value < 120 ? `${value.toFixed(0)} s` : `${(value / 60).toFixed(0)} min`;

const part = (atMs: number, from: number, to: number): string =>
  Number.isFinite(atMs) && Math.abs(atMs) < 8.64e15
    ? new Date(atMs).toISOString().slice(from, to).replace('T', ' ')
    : missing;

export const day = (atMs: number): string => part(atMs, 0, 10);
export const minute = (atMs: number): string => `${part(atMs, 0, 16)} UTC`;
export const hourOfDay = (atMs: number): string => part(atMs, 11, 16);
export const monthAndDay = (atMs: number): string => part(atMs, 5, 10);

export const between = (values: readonly [number, number]): string =>
  `${rate(values[0])}–${rate(values[1])}`;
