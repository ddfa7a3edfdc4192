import type { CommonConfig } from '../../lib/config/common.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { parseContext } from '../../models/definitions.ts';
import type { Rule } from '../../models/rules.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { kindsMask, listSeen } from '../../schemas/packed/seen-items.ts';
import { decodeServed } from '../../schemas/packed/served.ts';
import { decodeAttributes } from '../../schemas/packed/user-features.ts';
import { contexts } from '../../topics/contexts.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { type Ends, endsOf } from './ends.ts';
import { ItemHistory } from './item-history.ts';
import type { Moment } from './refold.ts';
import { type AnswersReport, Findings } from './report.ts';
import { type Asked, faultsOfAnswer, nothingAsked } from './rules-again.ts';
import { attributesIn, type Stated, statedOf } from './stated.ts';

/** The newest answers; more would need more memory than a laptop has to spare. */
const answersMax = 500_000;
const dayMs = 86_400_000;

/** Which offset of an answer says when to look at its user's row of a fold. */
const offsetsOf: Readonly<Record<string, (stated: Stated) => number>> = {
  'seen-items': ({ seenOffset }) => seenOffset,
  served: ({ servedOffset }) => servedOffset,
  'user-features': ({ profileOffset }) => profileOffset,
};

/**
 * Judges answers again by what they state: what the user had seen and been served up to their
 * offsets, the user's profile, the items at their revision, the request and their time.
 */
export class AnswerCheck {
  readonly notes: string[] = [];
  readonly #findings = new Findings();
  readonly #config: CommonConfig;
  readonly #rules: ReadonlyMap<string, readonly Rule[]>;
  readonly #asked = new Map<string, Asked>();
  /** Answers of which something cannot be known any more. */
  readonly #doubtful = new Set<Stated>();
  readonly #stated: Stated[] = [];
  /** By number of partitions, then by partition of their user. */
  readonly #placed = new Map<number, Stated[][]>();
  #notChecked = 0;

  private constructor(config: CommonConfig, rules: ReadonlyMap<string, readonly Rule[]>) {
    this.#config = config;
    this.#rules = rules;
  }

  static async read(config: CommonConfig, ends: Ends): Promise<AnswerCheck> {
    const rules = await readRules(config);
    const attributes = attributesIn(rules.values());
    const history = await ItemHistory.read(config, { ends, attributes });
    const check = new AnswerCheck(config, rules);
    await check.#readAnswers(endsOf(ends, config, recommendations).high);
    await check.#readRequests(endsOf(ends, config, requests).high);
    for (const stated of check.#stated) {
      const asked = check.#asked.get(stated.request) ?? nothingAsked;
      for (const fault of faultsOfAnswer(stated, asked, history))
        check.#findings.add(stated.answerId, fault);
    }
    return check;
  }

  /** What to look at while a fold is folded again; `low` is where the partition's log begins. */
  moments(
    fold: string,
    { partition, of, low }: { partition: number; of: number; low: number },
  ): Moment[] {
    const offsetOf = offsetsOf[fold];
    if (offsetOf === undefined) return [];
    const asked = (this.#placedIn(of)[partition] ?? []).filter((stated) => offsetOf(stated) >= 0);
    if (low > 0) {
      // What was known of these users from before that is known to nobody.
      for (const stated of asked) this.#doubtful.add(stated);
      return [];
    }
    return asked.map((stated) => ({
      offset: offsetOf(stated),
      look: ({ row }) => this.#judge(fold, stated, row(stated.user) as Buffer | undefined),
    }));
  }

  report(): AnswersReport {
    return {
      checked: this.#stated.length - this.#doubtful.size,
      notChecked: this.#notChecked + this.#doubtful.size,
      differences: this.#findings.count,
      examples: this.#findings.examples,
    };
  }

  async #readAnswers(to: readonly number[]): Promise<void> {
    const topic = topicName(this.#config.prefix, recommendations);
    const decoder = openDecoder<Recommendation>(this.#config, recommendations);
    let count = 0;
    for await (const records of readLog({ kafka: this.#config.kafka, topic, to })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value, partition, offset } of records) {
        const decoded = decoder.decode(value);
        if (!decoded.ok) {
          this.#findings.add(`${topic}/${partition}/${offset}`, `is no answer: ${decoded.reason}`);
          continue;
        }
        const answer = decoded.value;
        if (answer.status !== 'ok') continue;
        const rules = this.#rules.get(answer.context_version ?? '');
        const stated = rules === undefined ? null : statedOf(answer, rules);
        count += 1;
        // Offsets of another set of internal topics say nothing of this one.
        if (stated?.topicSet !== setOf(this.#config.prefix)) this.#notChecked += 1;
        else if (count <= answersMax) this.#stated.push(stated);
      }
    }
    if (count > answersMax) this.notes.push(`${count - answersMax} answers were too many to check`);
  }

  #placedIn(partitions: number): readonly Stated[][] {
    const known = this.#placed.get(partitions);
    if (known !== undefined) return known;
    const placed: Stated[][] = [];
    for (const stated of this.#stated)
      (placed[partitionOf(stated.user, partitions)] ??= []).push(stated);
    this.#placed.set(partitions, placed);
    return placed;
  }

  async #readRequests(to: readonly number[]): Promise<void> {
    const answered = new Set(this.#stated.map(({ request }) => request));
    const topic = topicName(this.#config.prefix, requests);
    const decoder = openDecoder<Request>(this.#config, requests);
    for await (const records of readLog({ kafka: this.#config.kafka, topic, to })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value, partition, offset } of records) {
        if (!answered.has(`${partition}/${offset}`)) continue;
        const decoded = decoder.decode(value);
        if (!decoded.ok) continue;
        const { exclude, attributes } = decoded.value;
        if (exclude.length === 0 && Object.keys(attributes).length === 0) continue;
        this.#asked.set(`${partition}/${offset}`, { excluded: new Set(exclude), attributes });
      }
    }
  }

  #judge(fold: string, stated: Stated, row: Buffer | undefined): void {
    if (fold === 'served') this.#judgeServed(stated, row);
    else if (fold === 'user-features') this.#judgeProfile(stated, row);
    else this.#judgeSeen(stated, row);
  }

  #judgeServed(stated: Stated, row: Buffer | undefined): void {
    if (row === undefined) return;
    const own = decodeServed(row).find(({ context }) => context === stated.context);
    for (const rule of stated.rules) {
      if (rule.rule !== 'not-served') continue;
      const served = new Set((own?.answers ?? []).slice(0, rule.answers).flat());
      for (const item of stated.items)
        if (served.has(item))
          this.#findings.add(stated.answerId, `item ${item} had been served to ${stated.user}`);
    }
  }

  #judgeProfile(stated: Stated, row: Buffer | undefined): void {
    const known =
      row === undefined
        ? new Map<string, string>()
        : decodeAttributes(row, this.#config.profileAttributes);
    for (const rule of stated.rules) {
      const compared = rule.rule === 'attribute' ? (rule.require ?? rule.forbid) : undefined;
      if (compared === undefined || !('profile' in compared)) continue;
      const { profile: name } = compared;
      if (stated.judgedWith[`profile.${name}`] !== known.get(name))
        this.#findings.add(stated.answerId, `was not judged with the ${name} of ${stated.user}`);
    }
  }

  #judgeSeen(stated: Stated, row: Buffer | undefined): void {
    if (row === undefined) return;
    const seen = new Map(listSeen(row).map((item) => [item.itemId, item]));
    for (const rule of stated.rules) {
      if (rule.rule !== 'not-seen') continue;
      const kinds = kindsMask(this.#config.types, rule.kinds ?? []);
      const sinceMs =
        rule.withinDays === undefined ? 0 : stated.judgedAtMs - rule.withinDays * dayMs;
      for (const item of stated.items) {
        const found = seen.get(item);
        // Times are kept to the second.
        if (found === undefined || (found.kinds & kinds) === 0 || found.atMs + 999 < sinceMs)
          continue;
        this.#findings.add(stated.answerId, `item ${item} had been seen by user ${stated.user}`);
      }
    }
  }
}

/** By version: all that the compacted topic still has, not only the newest. */
async function readRules(config: CommonConfig): Promise<Map<string, readonly Rule[]>> {
  const topic = topicName(config.prefix, contexts);
  const decoder = openDecoder<Definition>(config, contexts);
  const rules = new Map<string, readonly Rule[]>();
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      const parsed = decoded.ok ? parseContext(decoded.value.content) : null;
      if (decoded.ok && parsed?.ok) rules.set(decoded.value.version, parsed.value.rules);
    }
  }
  return rules;
}
