import type { Experiments } from '../../experiments/catalogue.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import type { Rule } from '../../models/rules.ts';
import { kindsMask } from '../../schemas/packed/seen-items.ts';

/** What an exposure says of which ladder answered. */
export interface ServedBy {
  readonly context_id: string;
  readonly experiment: string | null;
  readonly variant: string | null;
}

/**
 * Per version, the kinds of event (as bits) that a `not-seen` rule of a context whose ladder names
 * it, or whose experiments do, holds against an item. Those without such a rule are left out.
 */
export function heldAgainstLists(
  { contexts }: Pick<Catalogue, 'contexts'>,
  experiments: Pick<Experiments, 'all'>,
  types: readonly string[],
): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  const add = (version: string, kinds: number): void => {
    if (kinds !== 0) held.set(version, (held.get(version) ?? 0) | kinds);
  };
  for (const { definition } of contexts.values())
    for (const { model } of definition.ladder) add(model, heldBy(definition.rules, types));
  for (const { record } of experiments.all.values()) {
    const context = contexts.get(record.definition.context);
    if (context === undefined) continue;
    for (const { model } of record.definition.variants)
      add(model, heldBy(context.definition.rules, types));
  }
  return held;
}

const heldBy = (rules: readonly Rule[], types: readonly string[]): number =>
  rules.reduce(
    (kinds, rule) =>
      rule.rule === 'not-seen' ? kinds | kindsMask(types, rule.kinds ?? []) : kinds,
    0,
  );

/** The version that the first step of the ladder asked; null: it is not known here. */
export function askedFirst(
  { context_id: context, experiment, variant }: ServedBy,
  { contexts }: Pick<Catalogue, 'contexts'>,
  experiments: Pick<Experiments, 'all'>,
): string | null {
  const first = contexts.get(context)?.definition.ladder[0];
  if (first === undefined) return null;
  const running = experiment === null ? undefined : experiments.all.get(experiment)?.record;
  if (running?.definition.step !== first.step) return first.model;
  const own = running.definition.variants.find((one) => one.variant === variant);
  return own?.model ?? first.model;
}
