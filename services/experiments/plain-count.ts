import type { OutcomeInteraction, ShownExposure } from './topology.ts';

/**
 * What one variant's users did, counted from whole logs in the plainest way: for tests, whose
 * exposures are served in the moment that they come to their log.
 */
export interface PlainVariant {
  users: number;
  answers: number;
  any: number;
  count: number;
  countSquares: number;
  value: number;
  valueSquares: number;
}
export interface PlainExperiment {
  multiple: number;
  readonly variants: Map<string, PlainVariant>;
}

const skewMs = 60_000;
const hundredths = (value: number): number => Math.round(value * 100) / 100;

/** Each with the mark of its topic, itself included. */
function marked<T>(records: readonly T[], timeOf: (record: T) => number) {
  let mark = -1;
  return records.map((record) => {
    mark = Math.max(mark, timeOf(record));
    return { record, mark };
  });
}

export function plainCount(
  exposures: readonly ShownExposure[],
  interactions: readonly OutcomeInteraction[],
  latenessMs: number,
): Map<string, PlainExperiment> {
  const shownIn = exposures.filter(({ experiment }) => experiment !== null);
  const acts = marked(interactions, ({ appended_at }) => appended_at);
  const users = Map.groupBy(shownIn, (one) => JSON.stringify([one.experiment, one.user_id]));
  const experiments = new Map<string, PlainExperiment>();
  for (const [name, shown] of users) {
    const [experiment = '', user = ''] = JSON.parse(name) as string[];
    const first = shown[0];
    if (first === undefined) continue;
    const own = experiments.get(experiment) ?? { multiple: 0, variants: new Map() };
    experiments.set(experiment, own);
    const endMs = first.served_at + (first.credit_ms ?? 0);
    const within = shown.filter(({ served_at }) => served_at <= endMs);
    const variant = own.variants.get(first.variant ?? '') ?? nobody();
    own.variants.set(first.variant ?? '', variant);
    const other = within.findIndex((one) => one.variant !== first.variant);
    const counted = within.slice(0, other < 0 ? within.length : other);
    const answers = new Map(counted.toReversed().map((one) => [one.answer_id, one]));
    variant.answers += answers.size;
    if (other >= 0) {
      own.multiple += 1;
      continue;
    }
    const outcomes = acts
      .filter(({ record, mark }) => record.user_id === user && mark <= endMs + latenessMs)
      .map(({ record }) => record)
      .filter(({ appended_at: atMs }) => atMs >= first.served_at && atMs <= endMs)
      .filter(({ type }) => first.outcome_kinds.includes(type))
      .filter((act) => isOutcome(act, [...answers.values()], first));
    addUser(
      variant,
      outcomes.map(({ value }) => value ?? 0),
    );
  }
  return experiments;
}

function isOutcome(
  act: OutcomeInteraction,
  shown: readonly ShownExposure[],
  first: ShownExposure,
): boolean {
  const before = shown.filter(({ served_at: atMs }) => atMs <= act.appended_at);
  if (before.some(({ answer_id: id }) => id === act.answer_id)) return true;
  if (act.context_id !== null && act.context_id !== first.context_id) return false;
  return before.some(
    ({ items, served_at: atMs }) =>
      items.some(({ item_id: id }) => id === act.item_id) && act.occurred_at >= atMs - skewMs,
  );
}

const nobody = (): PlainVariant => ({
  users: 0,
  answers: 0,
  any: 0,
  count: 0,
  countSquares: 0,
  value: 0,
  valueSquares: 0,
});

function addUser(variant: PlainVariant, values: readonly number[]): void {
  const sum = hundredths(values.reduce((total, value) => total + value, 0));
  variant.users += 1;
  variant.any += values.length > 0 ? 1 : 0;
  variant.count += values.length;
  variant.countSquares += values.length ** 2;
  variant.value = hundredths(variant.value + sum);
  variant.valueSquares += sum * sum;
}
