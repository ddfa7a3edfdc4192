import type { Judged, TuneResult } from './result.ts';
import type { Trial } from './search.ts';

const rate = (value: number | null): string => (value === null ? 'n/a' : value.toFixed(4));
const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;
const us = (value: number | null): string => (value === null ? '-' : `${value.toFixed(0)} us`);

const valuesOf = (values: Iterable<readonly [string, unknown]>): string =>
  [...values].map(([path, value]) => `${path} ${JSON.stringify(value)}`).join(', ');

export const trialLine = (trial: Trial, best: number): string => {
  const { number, value, values } = trial;
  const mark = value >= best ? '*' : ' ';
  const what = number === 0 ? 'as given' : valuesOf(values);
  return `${String(number).padStart(4)} ${rate(value)} ${mark} ${what}`;
};

const verdicts = {
  better: 'better: the whole interval lies above 0',
  worse: 'worse than what was given: keep that',
  within_noise: 'within noise: the interval holds 0, so this is no proof of any gain',
} as const;

const judgement = (judged: Judged, metric: string): string[] => {
  const { tests, users, given, tuned, gain, interval, verdict } = judged;
  const share =
    given.value === null || given.value === 0 ? '' : ` (${percent(gain / given.value)})`;
  const range =
    interval === null
      ? `too few users (${users}) for an interval`
      : `95% from ${signed(interval[0])} to ${signed(interval[1])}, by drawing ${users} users again`;
  return [
    `judged once on what came after, ${tests} tests: ${metric} ${rate(given.value)} as given, ` +
      `${rate(tuned.value)} tuned`,
    `gain ${signed(gain)}${share}; ${range}`,
    interval === null ? 'within noise: too few users to tell' : verdicts[verdict],
    `cost: ${us(given.us_per_list)} per list and ${us(given.us_per_event)} per event as given, ` +
      `${us(tuned.us_per_list)} and ${us(tuned.us_per_event)} tuned`,
  ];
};

const percent = (share: number): string => `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)}%`;

/** What people read beside the definition. */
export const tuneSummary = (result: TuneResult): string => {
  const { trials, best, judged, metric, stopped, search } = result;
  const until = new Date(search.until_ms).toISOString();
  const found = trials.find(({ number }) => number === best);
  const [given] = trials;
  const lines = [
    `${trials.length} trials on the events of ${result.data} before ${until}` +
      `${stopped ? ' (broken off)' : ''}`,
  ];
  if (found === undefined || given === undefined) lines.push('nothing was tried to its end');
  else if (found.number === 0) lines.push('nothing tried was better than the model as given');
  else {
    lines.push(
      `best: trial ${found.number}, ${metric} ${rate(found.value)} where it was searched ` +
        `(${rate(given.value)} as given): ${valuesOf(Object.entries(found.values))}`,
    );
    lines.push(
      ...(judged === null
        ? ['not judged, as it was broken off: its gain may be luck']
        : judgement(judged, metric)),
    );
  }
  return lines.join('\n');
};
