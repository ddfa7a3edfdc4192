import { readExample } from './example.ts';
import { situationClasses } from './situation.ts';

/**
 * Weights as stored, little-endian: [u8 layout][u8 vectors][u16 features][u32 updates], then f32
 * weights, f32 squared gradients and f32 averaged weights, vector by vector. Vector 0 is common to all situations, the
 * others belong to one class of one part each.
 */
const layoutVersion = 1;
const headBytes = 8;
const vectors = 1 + situationClasses.reduce((sum, classes) => sum + classes, 0);

/** Raised when the same examples make other weights. */
export const weightsRevision = 1;

/** AdaGrad (Duchi, Hazan, Singer, JMLR 2011). */
const learningRate = 0.05;
const gradientsAtStart = 0.01;
/** Share of the newest weights in their average (Polyak, Juditsky, SIAM J. Control Optim. 1992). */
const averageShareMin = 0.001;

/** Vectors that are active in a situation. */
export const activeIn = (situation: readonly number[]): number[] => {
  const active = [0];
  let first = 1;
  for (const [part, classes] of situationClasses.entries()) {
    active.push(first + (situation[part] ?? 0));
    first += classes;
  }
  return active;
};

/**
 * The sum of the active vectors, averaged over the last updates: what lists are ranked by. Null where
 * nothing was learned yet, or for other features.
 */
export const averagedIn = (
  stored: Buffer | null,
  situation: readonly number[],
  features: number,
): Float64Array | null =>
  stored === null || !fits(stored, features)
    ? null
    : sumOf(stored, { situation, features, block: 2 });

/** `block`: 0 for the weights, 2 for their averages. */
function sumOf(
  stored: Buffer,
  of: { readonly situation: readonly number[]; readonly features: number; readonly block: number },
): Float64Array {
  const { situation, features, block } = of;
  const sum = new Float64Array(features);
  for (const vector of activeIn(situation)) {
    const from = headBytes + 4 * (block * vectors + vector) * features;
    for (let feature = 0; feature < features; feature++)
      sum[feature] = (sum[feature] as number) + stored.readFloatLE(from + 4 * feature);
  }
  return sum;
}

export const updatesOf = (stored: Buffer | null): number =>
  stored === null || stored.length < headBytes ? 0 : stored.readUInt32LE(4);

const sizeOf = (features: number): number => headBytes + 12 * vectors * features;

const fits = (stored: Buffer, features: number): boolean =>
  stored.length === sizeOf(features) &&
  stored[0] === layoutVersion &&
  stored[1] === vectors &&
  stored.readUInt16LE(2) === features;

const newWeights = (features: number): Buffer => {
  const stored = Buffer.alloc(sizeOf(features));
  stored[0] = layoutVersion;
  stored[1] = vectors;
  stored.writeUInt16LE(features, 2);
  const squaresAt = headBytes + 4 * vectors * features;
  for (let at = squaresAt; at < squaresAt + 4 * vectors * features; at += 4)
    stored.writeFloatLE(gradientsAtStart, at);
  return stored;
};

/**
 * One step of listwise learning (ListNet with one relevant item: Cao et al., ICML 2007): softmax
 * over the example's candidates, cross entropy with what the user did. A sampled negative stands
 * for 1/propensity candidates, so its log is added to the score.
 */
export function learnWeights(before: Buffer | null, bytes: Buffer): Buffer | null {
  const example = readExample(bytes);
  if (example === null) return null;
  const { features, count, label } = example;
  const stored =
    before !== null && fits(before, features) ? Buffer.from(before) : newWeights(features);
  const weights = sumOf(stored, { situation: example.situation, features, block: 0 });
  const chances = new Float64Array(count);
  let highest = Number.NEGATIVE_INFINITY;
  for (let candidate = 0; candidate < count; candidate++) {
    let score = example.logStandsFor(candidate);
    for (let feature = 0; feature < features; feature++)
      score += (weights[feature] as number) * example.feature(candidate, feature);
    chances[candidate] = score;
    highest = Math.max(highest, score);
  }
  let sum = 0;
  for (let candidate = 0; candidate < count; candidate++) {
    const chance = Math.exp((chances[candidate] as number) - highest);
    chances[candidate] = chance;
    sum += chance;
  }
  const gradient = new Float64Array(features);
  for (let candidate = 0; candidate < count; candidate++) {
    const off = (chances[candidate] as number) / sum - (candidate === label ? 1 : 0);
    for (let feature = 0; feature < features; feature++)
      gradient[feature] = (gradient[feature] as number) + off * example.feature(candidate, feature);
  }
  step(stored, activeIn(example.situation), gradient);
  return stored;
}

function step(stored: Buffer, active: readonly number[], gradient: Float64Array): void {
  const features = gradient.length;
  const updates = stored.readUInt32LE(4);
  const share = Math.max(averageShareMin, 1 / (1 + updates / 10));
  for (const vector of active) {
    const weightsAt = headBytes + 4 * vector * features;
    const squaresAt = weightsAt + 4 * vectors * features;
    for (let feature = 0; feature < features; feature++) {
      const slope = gradient[feature] as number;
      const squares = Math.fround(stored.readFloatLE(squaresAt + 4 * feature) + slope * slope);
      stored.writeFloatLE(squares, squaresAt + 4 * feature);
      const weight = stored.readFloatLE(weightsAt + 4 * feature);
      const moved = weight - (learningRate * slope) / Math.sqrt(squares);
      stored.writeFloatLE(moved, weightsAt + 4 * feature);
      const averageAt = squaresAt + 4 * vectors * features + 4 * feature;
      const average = stored.readFloatLE(averageAt);
      stored.writeFloatLE(average + (moved - average) * share, averageAt);
    }
  }
  stored.writeUInt32LE(Math.min(updates + 1, 0xffffffff), 4);
}
