import type { KindCatalogue, ModelDefinition } from '../../models/definitions.ts';
import { parseModel } from '../../models/definitions.ts';
import { type EventTable, EventTableBuilder } from '../evaluate/event-table.ts';
import { type Bench, measure, type Measured } from './measure.ts';
import { compared, meanGain } from './metric.ts';
import type { Judged, TuneResult } from './result.ts';
import { bestOf, search, type SearchMethod, type Trial } from './search.ts';
import { type Json, type Parameter, valueIn, withValues } from './parameter.ts';

export interface TuneOptions {
  readonly bench: Bench;
  readonly space: readonly Parameter[];
  readonly method: SearchMethod;
  readonly trials: number;
  readonly seed: number;
  /** Share of the time span that is searched on; what comes after is for judging. */
  readonly split: number;
  /** Tests per trial, at most. */
  readonly sample: number;
  readonly onTrial: (trial: Trial) => void;
  readonly onJudge: () => void;
}

/** Of the searched part: before this share of its time models only learn. */
const searchFrom = 0.7;
/** Judging is done once, so that it may take longer. */
const judgedTimes = 4;

/**
 * Searches on the first part of the events, which is all that the search is given, and judges what
 * it found against the definition as it was, once, on the rest.
 */
export async function tune(
  table: EventTable,
  definition: ModelDefinition,
  options: TuneOptions,
): Promise<TuneResult> {
  const { bench, seed, sample } = options;
  const splitMs = splitOf(table, options.split);
  const first = before(table, splitMs);
  const trials = await searched(first, definition, options);
  const best = bestOf(trials);
  const tuned = best === null ? definition : definitionOf(definition, best.values, bench.kinds);
  const isSame = best === null || best.number === 0 || tuned === null;
  const isStopped = !(await bench.goesOn(0));
  let judged: Judged | null = null;
  if (!isSame && !isStopped) {
    options.onJudge();
    const choice = { from: { atMs: splitMs }, sample: { size: judgedTimes * sample, seed } };
    const both = await measure(table, [definition, tuned], { bench, choice });
    if (both !== null) judged = judgedOf(both, seed);
  }
  return {
    layout: 1,
    data: table.name,
    metric: bench.metric.name,
    search: { method: options.method, seed, trials_max: options.trials, until_ms: splitMs },
    trials: trials.map(({ number, value, values }) => ({
      number,
      value,
      values: Object.fromEntries(values),
    })),
    best: best?.number ?? null,
    stopped: isStopped || trials.length === 0,
    judged,
    definition: isSame ? definition : tuned,
  };
}

const splitOf = ({ atMs, length }: EventTable, share: number): number => {
  const from = atMs[0] ?? 0;
  return from + share * ((atMs[length - 1] ?? from) - from);
};

/** A table of its own: whoever is given it cannot reach what comes after. */
const before = (table: EventTable, endMs: number): EventTable => {
  const builder = new EventTableBuilder();
  for (let at = 0; at < table.length; at++) {
    const atMs = table.atMs[at] as number;
    if (atMs >= endMs) break;
    builder.add({
      userId: table.userIds[table.user[at] as number] as string,
      itemId: table.itemIds[table.item[at] as number] as string,
      type: table.types[table.type[at] as number] as string,
      atMs,
    });
  }
  return builder.table(table.name);
};

const searched = (
  first: EventTable,
  definition: ModelDefinition,
  { bench, space, method, trials, seed, sample, onTrial }: TuneOptions,
): Promise<readonly Trial[]> =>
  search({
    space,
    method,
    trials,
    seed,
    onTrial,
    start: (path) => valueIn(definition, path),
    isAllowed: (values) => definitionOf(definition, values, bench.kinds) !== null,
    measure: async (values) => {
      const one = definitionOf(definition, values, bench.kinds);
      if (one === null) return null;
      const choice = { from: { share: searchFrom }, sample: { size: sample, seed } };
      const [measured] = (await measure(first, [one], { bench, choice })) ?? [];
      return measured === undefined ? null : (meanGain(measured) ?? 0);
    },
  });

/** Null: the kind refuses these values together. */
const definitionOf = (
  definition: ModelDefinition,
  values: ReadonlyMap<string, Json>,
  kinds: KindCatalogue,
): ModelDefinition | null => {
  const parsed = parseModel(JSON.stringify(withValues(definition, values)), kinds);
  return parsed.ok ? parsed.value : null;
};

const judgedOf = (both: readonly Measured[], seed: number): Judged => {
  const [given, tuned] = both as [Measured, Measured];
  const { users, gain, interval } = compared(given, tuned, seed);
  const side = (of: Measured) => ({
    value: meanGain(of),
    us_per_list: of.usPerList,
    us_per_event: of.usPerEvent,
  });
  const verdict =
    interval === null || (interval[0] <= 0 && interval[1] >= 0) ? 'within_noise' : null;
  return {
    tests: given.gains.length,
    users,
    given: side(given),
    tuned: side(tuned),
    gain,
    interval,
    verdict: verdict ?? (gain > 0 ? 'better' : 'worse'),
  };
};
