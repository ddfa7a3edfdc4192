import type { Rule } from '../../models/rules.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';

/** An answer, as far as it has to be judged again. */
export interface Stated {
  readonly answerId: string;
  readonly user: string;
  /** False: nothing of the user may have been read. */
  readonly consent: boolean;
  /** Offset of the profile behind its candidates; -1: none. */
  readonly candidatesOffset: number;
  readonly context: string;
  readonly items: readonly string[];
  readonly rules: readonly Rule[];
  readonly seenOffset: number;
  readonly servedOffset: number;
  /** Offset of interactions that the user's profile was of; -1: not asked. */
  readonly profileOffset: number;
  readonly itemOffsets: readonly number[];
  /** The revision of items that attributes are of. */
  readonly attributeOffsets: readonly number[];
  readonly judgedWith: Readonly<Record<string, string>>;
  readonly judgedAtMs: number;
  readonly request: string;
  /** Of internal topics, that offsets of interactions are of. */
  readonly topicSet: number;
}

export const statedOf = (answer: Recommendation, rules: readonly Rule[]): Stated => {
  const { judged_with: judgedWith, item_offsets: itemOffsets } = answer;
  const own = judgedWith['revision.attributes'];
  return {
    answerId: answer.answer_id,
    user: answer.user_id,
    consent: answer.consent,
    candidatesOffset: answer.candidates_offset,
    context: answer.context_id,
    items: answer.items.map(({ item_id }) => item_id),
    rules,
    seenOffset: answer.seen_offset,
    servedOffset: answer.served_offset,
    profileOffset: Number(judgedWith['revision.profile'] ?? -1),
    itemOffsets,
    attributeOffsets: own === undefined ? itemOffsets : own.split(',').map(Number),
    judgedWith,
    judgedAtMs: answer.judged_at,
    topicSet: Number(judgedWith['revision.topic-set'] ?? 1),
    request: `${answer.request_partition}/${answer.request_offset}`,
  };
};

/** Attributes of items that these rules look at; 'category' stands for categories. */
export const attributesIn = (rules: Iterable<readonly Rule[]>): string[] => {
  const names = new Set<string>();
  for (const rule of [...rules].flat()) {
    if (rule.rule === 'attribute' || rule.rule === 'not-own') names.add(rule.attribute);
    if (rule.rule === 'at-most') names.add(rule.per === 'category' ? rule.per : rule.per.attribute);
  }
  return [...names];
};
