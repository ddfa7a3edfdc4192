import type { z } from 'zod';

import type { ModelDefinition } from '../../models/definitions.ts';

export type Json = z.core.util.JSONType;

/** Numbers from `min` to `max`. */
export interface Range {
  readonly path: string;
  readonly min: number;
  readonly max: number;
  /** `log`: as many below a tenth of the way, in factors, as above. */
  readonly scale: 'linear' | 'log';
  /** Only multiples of it; null: any number. */
  readonly step: number | null;
  readonly orNull: boolean;
}

export interface Choice {
  readonly path: string;
  readonly values: readonly Json[];
}

/** A field of the definition that is searched: `learning.` or `retrieval.`, and its name. */
export type Parameter = Range | Choice;

/**
 * One value per parameter, as searches see it: the place within a range from 0 to 1, null for null,
 * or the number of a choice.
 */
export type Point = readonly (number | null)[];

export const isRange = (parameter: Parameter): parameter is Range => 'min' in parameter;

/** On a logarithmic scale a range from 0 begins where its top is 1,000 times as high. */
const lowest = ({ min, max }: Range): number => (min > 0 ? min : max / 1_000);

const numberAt = (range: Range, place: number): number => {
  const { min, max, scale } = range;
  if (scale === 'linear') return min + place * (max - min);
  if (min === 0 && place === 0) return 0;
  const low = lowest(range);
  return low * (max / low) ** place;
};

/** Four digits say all that a search can know. */
const rounded = ({ min, max, step }: Range, value: number): number => {
  if (step === null) return Math.min(max, Math.max(min, Number(value.toPrecision(4))));
  const [low, high] = [Math.ceil(min / step), Math.floor(max / step)];
  const steps = Math.min(high, Math.max(low, Math.round(value / step)));
  return Number((steps * step).toPrecision(12));
};

export const valueAt = (parameter: Parameter, place: number | null): Json => {
  if (!isRange(parameter)) return parameter.values[place ?? 0] as Json;
  return place === null ? null : rounded(parameter, numberAt(parameter, place));
};

/** Where a value lies, as near as the parameter can say it. */
export const placeOf = (parameter: Parameter, value: Json): number | null => {
  if (!isRange(parameter)) {
    const text = JSON.stringify(value);
    return Math.max(
      0,
      parameter.values.findIndex((one) => JSON.stringify(one) === text),
    );
  }
  if (typeof value !== 'number') return parameter.orNull ? null : 0.5;
  const { min, max, scale } = parameter;
  const low = lowest(parameter);
  const place =
    scale === 'linear'
      ? (value - min) / (max - min)
      : Math.log(Math.max(value, low) / low) / Math.log(max / low);
  return Math.min(1, Math.max(0, place));
};

export const valueIn = (definition: unknown, at: string): Json | undefined => {
  let value: unknown = definition;
  for (const part of at.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return value as Json | undefined;
};

/** The definition with the values of a point in place of its own. */
export const withValues = (
  definition: ModelDefinition,
  values: ReadonlyMap<string, Json>,
): unknown => {
  const copy = structuredClone(definition) as Record<string, unknown>;
  for (const [at, value] of values) {
    const parts = at.split('.');
    let holder = copy;
    for (const part of parts.slice(0, -1))
      holder = (holder[part] ??= {}) as Record<string, unknown>;
    holder[parts.at(-1) as string] = value;
  }
  return copy;
};
