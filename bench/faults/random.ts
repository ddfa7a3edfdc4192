import { randomOf } from '../micro/synthetic.ts';
import type { Random } from './row.ts';

/** Draws from a seed. Rows of one run each get their own, so that leaving one out changes no other. */
export function randomFrom(seed: number): Random {
  const next = randomOf(seed);
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    whole,
    pick: (of) => {
      const drawn = of[whole(0, of.length - 1)];
      if (drawn === undefined) throw new Error('nothing to pick from');
      return drawn;
    },
  };
}
