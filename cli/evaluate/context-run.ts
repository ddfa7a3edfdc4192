import type { ContextDefinition } from '../../models/definitions.ts';
import type { ItemTable } from '../../models/item-table.ts';
import { categoryAttribute, comparedOf, type Rule } from '../../models/rules.ts';
import type { Candidate } from '../../models/model.ts';
import { type AnsweredItem, answer } from '../../services/serving/answer.ts';
import { bindRules, type RuleItems } from '../../services/serving/rules.ts';
import type { Engine } from './engine.ts';
import type { EvaluatedContext } from './result.ts';

export interface ContextOptions {
  readonly definition: ContextDefinition;
  readonly engine: Engine;
  /** Null: nothing is known of items, so all count as available. */
  readonly items: ItemTable | null;
  readonly types: readonly string[];
}

const nothingExcluded: ReadonlySet<string> = new Set();
const nothingKnown: ReadonlyMap<string, string> = new Map();
/** Without item data, every item is there, and has nothing that a rule could look at. */
const anyItem: RuleItems = {
  available: () => true,
  categoriesOf: () => [],
  attributeOf: () => undefined,
};

/** An evaluation has no requests and answers of users, and of items what answers are cut by. */
const isJudged = (rule: Rule): boolean => {
  if (rule.rule === 'not-served' || rule.rule === 'not-own') return false;
  if (rule.rule === 'at-most') return rule.per === categoryAttribute;
  if (rule.rule !== 'attribute') return true;
  const compared = comparedOf(rule);
  return rule.attribute === categoryAttribute && compared !== undefined && 'oneOf' in compared;
};

/** A whole context as its users see it: its ladder and, as the last step, its rules. */
export class ContextRun {
  readonly definition: ContextDefinition;
  readonly #options: ContextOptions;
  /** Per step, the number of its model in the engine. */
  readonly #models: readonly number[];
  readonly #answeredBy: number[];
  readonly #rules: readonly Rule[];
  readonly #removed = new Map<string, number>();
  #answers = 0;
  #emptied = 0;

  constructor(options: ContextOptions) {
    const { definition, engine } = options;
    this.definition = definition;
    this.#options = options;
    this.#rules = definition.rules.filter(isJudged);
    this.#models = definition.ladder.map(({ model }) =>
      engine.models.findIndex(
        ({ definition: { model: name }, ready: { version } }) =>
          model === name || model === version,
      ),
    );
    this.#answeredBy = definition.ladder.map(() => 0);
    const missing = definition.ladder.filter((_, step) => this.#models[step] === -1);
    if (missing.length > 0)
      throw new Error(`no model ${missing.map(({ model }) => model).join(', ')}`);
  }

  /** `lists`: every model's list for the user, as it stands. */
  answer(
    userId: string,
    atMs: number,
    lists: readonly (readonly Candidate[])[],
  ): readonly AnsweredItem[] {
    const { definition, engine, items, types } = this.#options;
    const facts = {
      seen: engine.seen(userId),
      items: items ?? anyItem,
      excluded: nothingExcluded,
      userId,
      profile: nothingKnown,
      request: {},
      earlier: [],
      served: () => false,
      atMs,
      types,
    };
    const answered = answer({
      wanted: definition.size,
      atLeast: definition.atLeast,
      steps: definition.ladder.map((_, step) => () => this.#candidates(step, lists)),
      rules: bindRules(this.#rules, facts),
    });
    this.#answers += 1;
    if (answered.step >= 0)
      this.#answeredBy[answered.step] = (this.#answeredBy[answered.step] ?? 0) + 1;
    else if (answered.held.some((held) => held > 0)) this.#emptied += 1;
    for (const [rule, count] of Object.entries(answered.removed))
      this.#removed.set(rule, (this.#removed.get(rule) ?? 0) + count);
    return answered.items;
  }

  /** A shared ranking is cut by category before its depth, a user's list after: as serving does. */
  #candidates(step: number, lists: readonly (readonly Candidate[])[]): readonly Candidate[] {
    const { definition, engine, items } = this.#options;
    const category = definition.ladder[step]?.category ?? null;
    const index = this.#models[step] as number;
    const list = lists[index] ?? [];
    if (category === null) return list;
    const model = engine.models[index];
    if (model?.ready.kind === 'shared') return engine.sharedList(model, category);
    return list.filter(({ itemId }) => items?.inCategory(itemId, category) ?? false);
  }

  /** Names of the models of its ladder, as the engine numbers them. */
  get models(): readonly number[] {
    return this.#models;
  }

  figures(): EvaluatedContext {
    const all = Math.max(1, this.#answers);
    const leftOut = this.definition.rules.flatMap((one) => (isJudged(one) ? [] : [one.rule]));
    return {
      size: this.definition.size,
      answered_by: this.definition.ladder.map(({ step }, index) => ({
        step,
        share: (this.#answeredBy[index] ?? 0) / all,
      })),
      removed_by: [...this.#removed].map(([rule, count]) => ({ rule, per_answer: count / all })),
      emptied_share: this.#emptied / all,
      ...(leftOut.length === 0 ? {} : { rules_left_out: leftOut }),
    };
  }
}
