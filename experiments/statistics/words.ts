import type { ExperimentDefinition } from '../definition.ts';
import type { Comparison } from './comparison.ts';

/** How figures are said in sentences. */

export const percent = (share: number): string => `${number(share * 100)} %`;

/** A small share, such as a p: no more digits than anybody reads. */
export const shareOf = (share: number): string =>
  share < 0.0001 ? 'below 0.0001' : String(Number(share.toPrecision(2)));

/** Hours below one are minutes, and minutes below one seconds: nobody reads 0.0030556 hours. */
export const hours = (given: number): string => {
  const seconds = Math.round(given * 3_600);
  if (seconds < 60) return many(short(given * 3_600), 'second');
  return seconds < 3_600 ? many(short(given * 60), 'minute') : many(given, 'hour');
};

const short = (value: number): number => Number(value.toPrecision(3));
const many = (value: number, unit: string): string => `${value} ${unit}${value === 1 ? '' : 's'}`;

const number = (value: number): string => {
  const digits = Math.abs(value) >= 100 ? 0 : 1;
  return String(Number(value.toFixed(digits)));
};

const signed = (share: number): string => `${share > 0 ? '+' : ''}${percent(share)}`;
const signedNumber = (value: number): string =>
  `${value > 0 ? '+' : ''}${Number(value.toPrecision(3))}`;

export const whatIsMeasured = ({ kinds, measure }: ExperimentDefinition['outcome']): string => {
  const what = kinds.join(' or ');
  if (measure === 'any') return `the share of users with ${what}`;
  return measure === 'value' ? `the value of ${what} per user` : `the number of ${what} per user`;
};

export const differs = ({ relative, absolute }: Comparison): string => {
  if (relative !== null)
    return `${signed(relative.estimate)} (${signed(relative.low)} to ${signed(relative.high)})`;
  if (absolute !== null)
    return `${signedNumber(absolute.estimate)} (${signedNumber(absolute.low)} to ${signedNumber(absolute.high)})`;
  return 'not known yet';
};
