/** Users' outcomes whose truth is known. */
export interface Population {
  readonly name: string;
  /** Without a lift. */
  readonly mean: number;
  readonly variance: number;
  /** One user's outcome; its mean is `mean` times 1 + lift. */
  readonly draw: (random: Random, lift: number) => number;
}

export type Random = () => number;

const clicksShare = 0.03;
const countMean = 1.2;
const buyersShare = 0.1;
const logMean = 3;
const logDeviation = 1;
const valueMean = buyersShare * Math.exp(logMean + logDeviation ** 2 / 2);

/** By Box and Muller; the second of the pair is not used, so that users are independent of order. */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

export const poisson = (random: Random, mean: number): number => {
  let chance = Math.exp(-mean);
  let left = random() - chance;
  let count = 0;
  while (left > 0 && count < 1_000) {
    count++;
    chance *= mean / count;
    left -= chance;
  }
  return count;
};

export const populations: readonly Population[] = [
  {
    name: 'clicks_of_3_percent',
    mean: clicksShare,
    variance: clicksShare * (1 - clicksShare),
    draw: (random, lift) => (random() < clicksShare * (1 + lift) ? 1 : 0),
  },
  {
    name: 'counts',
    mean: countMean,
    variance: countMean,
    draw: (random, lift) => poisson(random, countMean * (1 + lift)),
  },
  {
    // One in ten buys; what they spend is log-normal: a tenth of the buyers spend a third of all.
    name: 'value_of_10_percent',
    mean: valueMean,
    variance: buyersShare * Math.exp(2 * logMean + 2 * logDeviation ** 2) - valueMean ** 2,
    draw: (random, lift) =>
      random() < buyersShare ? (1 + lift) * Math.exp(logMean + logDeviation * normal(random)) : 0,
  },
];
