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

interface Spending {
  readonly buyers: number;
  /** Of the logarithm of what a buyer spends. */
  readonly deviation: number;
}

/** Some buy; what they spend is log-normal. */
const spending = (name: string, { buyers, deviation }: Spending): Population => {
  const mean = buyers * Math.exp(deviation ** 2 / 2);
  return {
    name,
    mean,
    variance: buyers * Math.exp(2 * deviation ** 2) - mean ** 2,
    draw: (random, lift) =>
      random() < buyers ? (1 + lift) * Math.exp(deviation * normal(random)) : 0,
  };
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
  // A tenth of the buyers spend a third of all.
  spending('value_of_10_percent', { buyers: 0.1, deviation: 1 }),
];

/** A hundredth of the buyers spend a third of all: only to see what is claimed where nothing is. */
export const extreme: Population = spending('value_very_uneven', { buyers: 0.5, deviation: 2 });
