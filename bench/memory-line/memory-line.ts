import { setImmediate as nextTurn } from 'node:timers/promises';

import { evaluationSettings } from '../../cli/evaluate/config.ts';
import { readModel } from '../../cli/evaluate/definitions.ts';
import { round } from '../stages.ts';
import { type Growth, measureGrowth } from './growth.ts';
import { type LinePoint, slopeOf, StoredState } from './line.ts';
import { endlessEvents, population } from './population.ts';

export interface MemoryLineOptions {
  readonly events: number;
  readonly say: (line: string) => void;
}

export interface MemoryLineResult extends Growth {
  readonly events: number;
  /** How often the horizon passed. */
  readonly horizons: number;
  readonly bytes_per_item: number;
  readonly bytes_per_user: number;
  readonly user_bytes: Readonly<Record<string, number>>;
  /** Least squares over the second half of the line. */
  readonly memory_slope_bytes_per_event: number;
  /** By how much the line is higher at its end than at its middle, in percent. */
  readonly memory_growth_second_half_percent: number;
  readonly series: readonly LinePoint[];
}

const sweepEvery = 250_000;
/** The horizon passes so often within the run. */
const horizons = 5;

/**
 * What is stored of users, and of items by the shipped blend, under an endless stream in which new
 * ones come all the time and old ones go quiet.
 */
export async function benchMemoryLine({
  events,
  say,
}: MemoryLineOptions): Promise<MemoryLineResult> {
  const settings = evaluationSettings();
  const definition = readModel('blend');
  const state = new StoredState(definition, settings);
  const stepMs = Math.ceil((horizons * settings.horizonMs) / events);
  const every = Math.min(sweepEvery, Math.ceil(events / 20));
  const series: LinePoint[] = [];
  let taken = 0;
  for (const event of endlessEvents({ ...population, events, stepMs })) {
    state.take(event);
    taken += 1;
    if (taken % every !== 0 && taken !== events) continue;
    const point = state.sweep();
    series.push(point);
    say(lineOf(point));
    await nextTurn();
  }
  const last = series.at(-1);
  const middle = series[Math.floor(series.length / 2)];
  if (last === undefined || middle === undefined) throw new Error('no events, no line');
  const { users, items } = last;
  const perUser = (bytes: number): number => round(bytes / users);
  return {
    events,
    horizons: round((events * stepMs) / settings.horizonMs),
    bytes_per_item: round(last.learning_bytes / items),
    bytes_per_user: perUser(last.user_features_bytes + last.seen_items_bytes + last.signals_bytes),
    user_bytes: {
      'user-features': perUser(last.user_features_bytes),
      'seen-items': perUser(last.seen_items_bytes),
      signals: perUser(last.signals_bytes),
    },
    memory_slope_bytes_per_event: Number(slopeOf(series).toFixed(4)),
    memory_growth_second_half_percent: round(100 * (last.total_bytes / middle.total_bytes - 1)),
    ...(await measureGrowth(definition, settings, say)),
    series,
  };
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

const lineOf = (point: LinePoint): string =>
  `${point.events} events: ${mb(point.total_bytes)} MB stored (users ` +
  `${mb(point.user_features_bytes + point.seen_items_bytes + point.signals_bytes)}, items ` +
  `${mb(point.learning_bytes)}, ladder ${mb(point.ladder_bytes)}); ${point.users} users, ` +
  `${point.items} items, ${point.swept} rows swept; rss ${point.rss_mb} MB`;
