import { PythonRandom } from '../evaluate/python-random.ts';
import { type Random, randomPoint, tpePoint, type Tried } from './propose.ts';
import { type Json, type Parameter, placeOf, type Point, valueAt } from './parameter.ts';

export type SearchMethod = 'random' | 'tpe';

export interface Trial extends Tried {
  /** From 0, which is the definition as it was given. */
  readonly number: number;
  readonly values: ReadonlyMap<string, Json>;
}

export interface SearchOptions {
  readonly space: readonly Parameter[];
  readonly method: SearchMethod;
  readonly trials: number;
  readonly seed: number;
  /** The values to begin with; undefined where the definition leaves a field out. */
  readonly start: (path: string) => Json | undefined;
  /** Whether these values make a definition at all. */
  readonly isAllowed: (values: ReadonlyMap<string, Json>) => boolean;
  /** How good they are, more is better; null: broken off. */
  readonly measure: (values: ReadonlyMap<string, Json>) => Promise<number | null>;
  readonly onTrial: (trial: Trial) => void;
}

/** Points that are not allowed, or were tried already, are drawn again so often. */
const drawsMax = 200;

/** Trials in their order; fewer than asked for where it was broken off, or all has been tried. */
export async function search(options: SearchOptions): Promise<readonly Trial[]> {
  const { space, method, measure, onTrial } = options;
  const random = randomOf(options.seed);
  const trials: Trial[] = [];
  const known = new Set<string>();
  while (trials.length <= options.trials) {
    const next =
      trials.length === 0
        ? startOf(options)
        : drawn(options, known, () =>
            method === 'random' ? randomPoint(space, random) : tpePoint(space, trials, random),
          );
    if (next === null) break;
    known.add(keyOf(next.values));
    const value = await measure(next.values);
    if (value === null) break;
    const trial = { ...next, value, number: trials.length };
    trials.push(trial);
    onTrial(trial);
  }
  return trials;
}

interface Proposed {
  readonly point: Point;
  readonly values: ReadonlyMap<string, Json>;
}

/** The definition itself is no point of the space where its values lie outside: they count. */
const startOf = ({ space, start }: SearchOptions): Proposed => {
  const values = new Map<string, Json>();
  const point = space.map((parameter) => {
    const own = start(parameter.path);
    if (own !== undefined) values.set(parameter.path, own);
    return placeOf(parameter, own ?? null);
  });
  return { point, values };
};

const drawn = (
  { space, isAllowed }: SearchOptions,
  known: ReadonlySet<string>,
  draw: () => Point,
): Proposed | null => {
  for (let tries = 0; tries < drawsMax; tries++) {
    const point = draw();
    const values = new Map(
      space.map((parameter, index) => [parameter.path, valueAt(parameter, point[index] ?? null)]),
    );
    if (!known.has(keyOf(values)) && isAllowed(values)) return { point, values };
  }
  return null;
};

const keyOf = (values: ReadonlyMap<string, Json>): string =>
  JSON.stringify([...values].toSorted(([a], [b]) => (a < b ? -1 : 1)));

const parts = 2 ** 30;
const randomOf = (seed: number): Random => {
  const random = new PythonRandom(seed);
  return () => random.below(parts) / parts;
};

/** The first of the best: on a tie the definition as it was given stays. */
export const bestOf = (trials: readonly Trial[]): Trial | null =>
  trials.reduce<Trial | null>(
    (best, trial) => (best === null || trial.value > best.value ? trial : best),
    null,
  );
