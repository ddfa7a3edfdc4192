import type { CommonConfig } from '../../lib/config/common.ts';
import { partitionOf } from '../../lib/kafka/partitioner.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import { parseContext } from '../../models/definitions.ts';
import type { Rule } from '../../models/rules.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { kindsMask, listSeen } from '../../schemas/packed/seen-items.ts';
import { contexts } from '../../topics/contexts.ts';
import { recommendations } from '../../topics/recommendations.ts';
import { requests } from '../../topics/requests.ts';
import { topicName } from '../../topics/topic.ts';
import { openDecoder } from '../data/topic-values.ts';
import { type Ends, endsOf } from './ends.ts';
import { type Availability, ItemHistory } from './item-history.ts';
import type { Moment } from './refold.ts';
import { type AnswersReport, Findings } from './report.ts';

/** An answer with items, as far as it has to be judged again. */
interface Stated {
  readonly answerId: string;
  readonly user: string;
  readonly items: readonly string[];
  readonly rules: readonly Rule[];
  readonly seenOffset: number;
  readonly itemOffsets: readonly number[];
  readonly judgedAtMs: number;
  readonly request: string;
}

/** The newest answers; more would need more memory than a laptop has to spare. */
const answersMax = 500_000;
const dayMs = 86_400_000;

/**
 * Judges answers again by what they state: what the user had seen up to their offset, the items at
 * their revision, the request's own list and their time. Written anew, so that a mistake of
 * serving's rules is not made twice.
 */
export class AnswerCheck {
  readonly notes: string[] = [];
  readonly #findings = new Findings();
  readonly #config: CommonConfig;
  readonly #items: ItemHistory;
  readonly #excluded = new Map<string, ReadonlySet<string>>();
  /** By partition of their user. */
  #stated: Stated[][] = [];
  #checked = 0;
  #notChecked = 0;

  private constructor(config: CommonConfig, items: ItemHistory) {
    this.#config = config;
    this.#items = items;
  }

  static async read(config: CommonConfig, ends: Ends): Promise<AnswerCheck> {
    const items = await ItemHistory.read(config, ends);
    const check = new AnswerCheck(config, items);
    await check.#readAnswers(endsOf(ends, config, recommendations).high);
    await check.#readRequests(endsOf(ends, config, requests).high);
    for (const stated of check.#stated.flat()) check.#judgeWithoutSeen(stated);
    return check;
  }

  /** What to look at while seen-items is folded again; `low` is where its log begins. */
  moments(partition: number, low: number): Moment[] {
    const asked = (this.#stated[partition] ?? []).filter(({ seenOffset }) => seenOffset >= 0);
    if (low > 0) {
      // What these users had seen before that is known to nobody.
      this.#checked -= asked.length;
      this.#notChecked += asked.length;
      return [];
    }
    return asked.map((stated) => ({
      offset: stated.seenOffset,
      look: ({ row }) => this.#judgeSeen(stated, row(stated.user) as Buffer | undefined),
    }));
  }

  report(): AnswersReport {
    return {
      checked: this.#checked,
      notChecked: this.#notChecked,
      differences: this.#findings.count,
      examples: this.#findings.examples,
    };
  }

  /** By version: all that the compacted topic still has, not only the newest. */
  async #readRules(): Promise<Map<string, readonly Rule[]>> {
    const topic = topicName(this.#config.prefix, contexts);
    const decoder = openDecoder<Definition>(this.#config, contexts);
    const rules = new Map<string, readonly Rule[]>();
    for await (const records of readLog({ kafka: this.#config.kafka, topic })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value } of records) {
        const decoded = decoder.decode(value);
        const parsed = decoded.ok ? parseContext(decoded.value.content) : null;
        if (decoded.ok && parsed?.ok) rules.set(decoded.value.version, parsed.value.rules);
      }
    }
    return rules;
  }

  async #readAnswers(to: readonly number[]): Promise<void> {
    const rulesOf = await this.#readRules();
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
        const rules = rulesOf.get(answer.context_version ?? '');
        if (rules === undefined) this.#notChecked += 1;
        else if (count < answersMax) this.#put(answer, rules);
        count += 1;
      }
    }
    if (count > answersMax) this.notes.push(`${count - answersMax} answers were too many to check`);
  }

  #put(answer: Recommendation, rules: readonly Rule[]): void {
    this.#checked += 1;
    const partition = partitionOf(answer.user_id, this.#config.partitions);
    (this.#stated[partition] ??= []).push({
      answerId: answer.answer_id,
      user: answer.user_id,
      items: answer.items.map(({ item_id }) => item_id),
      rules,
      seenOffset: answer.seen_offset,
      itemOffsets: answer.item_offsets,
      judgedAtMs: answer.judged_at,
      request: `${answer.request_partition}/${answer.request_offset}`,
    });
  }

  async #readRequests(to: readonly number[]): Promise<void> {
    const answered = new Set(this.#stated.flat().map(({ request }) => request));
    const topic = topicName(this.#config.prefix, requests);
    const decoder = openDecoder<Request>(this.#config, requests);
    for await (const records of readLog({ kafka: this.#config.kafka, topic, to })) {
      await decoder.prepare(records.map(({ value }) => value));
      for (const { value, partition, offset } of records) {
        if (!answered.has(`${partition}/${offset}`)) continue;
        const decoded = decoder.decode(value);
        if (!decoded.ok || decoded.value.exclude.length === 0) continue;
        this.#excluded.set(`${partition}/${offset}`, new Set(decoded.value.exclude));
      }
    }
  }

  #judgeWithoutSeen(stated: Stated): void {
    const { items, rules, answerId } = stated;
    if (new Set(items).size < items.length) this.#findings.add(answerId, 'has an item twice');
    const excluded = this.#excluded.get(stated.request);
    for (const item of items) {
      if (excluded?.has(item)) this.#findings.add(answerId, `item ${item} was excluded`);
      if (!rules.some(({ rule }) => rule === 'available')) continue;
      const found: Availability = this.#items.available(item, stated);
      if (found === 'no') this.#findings.add(answerId, `item ${item} was not available`);
    }
    if (items.length === 0 || stated.seenOffset >= 0) return;
    if (rules.some(({ rule }) => rule === 'not-seen')) {
      this.#findings.add(answerId, 'does not say up to which offset its items were not seen');
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
