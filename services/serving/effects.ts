import type { RuleName } from '../../models/rules.ts';
import type { MetricEvent } from '../../schemas/generated/metric-event.ts';
import type { StepEffect } from './answer.ts';
import type { AnsweredRequest } from './outputs.ts';

/**
 * What rules did to each model, per context and version, over a batch: one metric event for each.
 * It counts for the model whose candidates were looked at, whichever step answered.
 *
 * `below`: the step kept fewer items than the context demands, and would have kept enough with what
 * this rule alone removed. `emptied`: it kept none, and the rule removed some. Steps that only filled
 * up another's answer can be neither.
 */
export const ruleMetrics = (answered: readonly AnsweredRequest[], atMs: number): MetricEvent[] => {
  const counted = new Map<string, MetricEvent>();
  for (const { accepted, answered: given, ladder } of answered) {
    // A later page has what the first left, of several models.
    if (accepted.page !== null) continue;
    const { context, atLeast } = accepted.context.definition;
    const enough = Math.min(atLeast, accepted.wanted);
    for (const [step, effect] of given.effects.entries()) {
      const model = ladder[step]?.model ?? 'none';
      const key = `${context}/${model}`;
      let event = counted.get(key);
      if (event === undefined) {
        const labels = { context, model_version: model };
        event = { name: 'rules', at: atMs, labels, values: {} };
        counted.set(key, event);
      }
      count(event.values, effect, enough);
    }
  }
  return [...counted.values()];
};

const count = (values: Record<string, number>, effect: StepEffect, enough: number): void => {
  const { kept, removed } = effect;
  const add = (name: string, amount: number): void => {
    if (amount > 0) values[name] = (values[name] ?? 0) + amount;
  };
  add('count', 1);
  for (const [rule, amount] of Object.entries(removed) as [RuleName, number][]) {
    if (amount === 0) continue;
    add(`touched_${rule}`, 1);
    add(`removed_${rule}`, amount);
    if (kept === null) continue;
    add(`below_${rule}`, kept < enough && kept + amount >= enough ? 1 : 0);
    add(`emptied_${rule}`, kept === 0 ? 1 : 0);
  }
};
