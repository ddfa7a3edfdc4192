import { type Choice, isRange, type Parameter, type Point } from './parameter.ts';

/** Numbers from 0 to below 1. */
export type Random = () => number;

/** A point that was tried, and how good it was: more is better. */
export interface Tried {
  readonly point: Point;
  readonly value: number;
}

const nullShare = 0.2;

const choiceAt = ({ values }: Choice, random: Random): number =>
  Math.floor(random() * values.length);

export const randomPoint = (space: readonly Parameter[], random: Random): Point =>
  space.map((parameter) => {
    if (!isRange(parameter)) return choiceAt(parameter, random);
    return parameter.orNull && random() < nullShare ? null : random();
  });

/** Before so many have been tried, there is nothing to learn from. */
export const triedMin = 10;
/** So many of what was tried count as good: few, as the search is to go on from the best. */
const goodOf = (tried: number): number => Math.max(2, Math.ceil(Math.sqrt(tried) / 2));
const draws = 24;

/**
 * The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kegl: Algorithms for
 * Hyper-Parameter Optimization, NIPS 2011): two densities per parameter, l of what was good and g of
 * the rest. Of the points drawn from l that one is proposed whose l / g is highest: there the expected
 * improvement is.
 */
export const tpePoint = (
  space: readonly Parameter[],
  tried: readonly Tried[],
  random: Random,
): Point => {
  if (tried.length < triedMin) return randomPoint(space, random);
  // Stable: among equals what was tried first comes first.
  const sorted = tried.toSorted((a, b) => b.value - a.value);
  const goodCount = goodOf(sorted.length);
  const densities = space.map((parameter, index) => {
    const places = sorted.map(({ point }) => point[index] ?? null);
    return {
      good: densityOf(parameter, places.slice(0, goodCount)),
      rest: densityOf(parameter, places.slice(goodCount)),
    };
  });
  let best: { readonly point: Point; readonly promise: number } | null = null;
  for (let draw = 0; draw < draws; draw++) {
    const point = densities.map(({ good }) => good.draw(random));
    const promise = densities.reduce((sum, { good, rest }, index) => {
      const place = point[index] ?? null;
      return sum + Math.log(good.of(place) / rest.of(place));
    }, 0);
    if (best === null || promise > best.promise) best = { point, promise };
  }
  return (best as { readonly point: Point }).point;
};

interface Density {
  of(place: number | null): number;
  draw(random: Random): number | null;
}

const densityOf = (parameter: Parameter, places: readonly (number | null)[]): Density => {
  if (!isRange(parameter)) return discrete(parameter.values.length, places as readonly number[]);
  const numbers = places.filter((place) => place !== null);
  const inner = parzen(numbers);
  if (!parameter.orNull) return inner;
  const nulls = (places.length - numbers.length + 2 * nullShare) / (places.length + 2);
  return {
    of: (place) => (place === null ? nulls : (1 - nulls) * inner.of(place)),
    draw: (random) => (random() < nulls ? null : inner.draw(random)),
  };
};

/** Counts, and one of each value before anything was counted. */
const discrete = (values: number, places: readonly number[]): Density => {
  const weights = Array.from({ length: values }, () => 1);
  for (const place of places) weights[place] = (weights[place] ?? 0) + 1;
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    of: (place) => (weights[place as number] ?? 0) / all,
    draw: (random) => {
      let left = random() * all;
      const found = weights.findIndex((weight) => (left -= weight) < 0);
      return found === -1 ? values - 1 : found;
    },
  };
};

/**
 * A normal curve around every place, as wide as the gap to its further neighbour, cut at 0 and 1;
 * and one for the range as such, so that nothing is ever ruled out.
 */
const parzen = (places: readonly number[]): Density => {
  const sorted = places.toSorted((a, b) => a - b);
  const narrowest = 1 / Math.min(100, sorted.length + 1);
  const curves = sorted.map((mean, at) => {
    const gap = Math.max(mean - (sorted[at - 1] ?? 0), (sorted[at + 1] ?? 1) - mean);
    return curveOf(mean, Math.min(1, Math.max(narrowest, gap)));
  });
  curves.push(curveOf(0.5, 1));
  return {
    of: (place) =>
      curves.reduce((sum, curve) => sum + curve.of(place as number), 0) / curves.length,
    draw: (random) => {
      const curve = curves[Math.floor(random() * curves.length)] as Curve;
      return curve.draw(random);
    },
  };
};

interface Curve {
  of(place: number): number;
  draw(random: Random): number;
}

const curveOf = (mean: number, deviation: number): Curve => {
  const mass = normalBelow((1 - mean) / deviation) - normalBelow(-mean / deviation);
  const height = 1 / (Math.sqrt(2 * Math.PI) * deviation * mass);
  return {
    of: (place) => height * Math.exp(-0.5 * ((place - mean) / deviation) ** 2),
    draw: (random) => {
      // At least a third of a curve lies within, so this ends soon.
      for (;;) {
        const place = mean + deviation * normal(random);
        if (place >= 0 && place <= 1) return place;
      }
    },
  };
};

/** Box and Muller, 1958. */
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Share of a normal curve below `x`: Abramowitz and Stegun 26.2.17, good to seven digits. */
const normalBelow = (x: number): number => {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(x));
  const terms = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
  const sum = terms.reduceRight((total, term) => (total + term) * t, 0);
  const above = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
  return x >= 0 ? 1 - above : above;
};
