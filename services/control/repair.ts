import type { DefinitionRecord } from '../../models/catalogue.ts';
import type { Change, ControlState, DefinitionTopic } from './state.ts';

/** The part of a record on a compacted topic that says whose it is; null: withdrawn. */
export type Revision = Pick<DefinitionRecord, 'revision'> | null;

interface Lane {
  /** Highest revision that was ever seen. */
  high: number;
  /** The newest record's; null: the key was withdrawn last. */
  last: number | null;
}

/** Looks at the state that a doubt waits for: a writer sends first and commits then. */
const looksBefore = 1;

/**
 * What stands last on a compacted topic, against what should (DESIGN 4.6). A writer that was
 * overtaken, and did not know it, may have sent an older record after a newer one: compaction would
 * keep the older.
 */
export class LastRecords {
  readonly #topic: DefinitionTopic;
  readonly #lanes = new Map<string, Lane>();
  /** Keys on which something came that was not simply the next revision, and how often looked at. */
  readonly #doubted = new Map<string, number>();

  constructor(topic: DefinitionTopic) {
    this.#topic = topic;
  }

  get isDoubtful(): boolean {
    return this.#doubted.size > 0;
  }

  take(key: string, record: Revision): void {
    const lane = this.#lanes.get(key);
    const last = record?.revision ?? null;
    if (last === null || (lane !== undefined && last <= lane.high)) this.doubt(key);
    this.#lanes.set(key, { high: Math.max(lane?.high ?? 0, last ?? 0), last });
  }

  /** Once, with the topic read to its end: what was wrong before may be all that compaction left. */
  doubtAll(state: ControlState): void {
    for (const key of [...this.#lanes.keys(), ...state[this.#topic].live.keys()]) this.doubt(key);
  }

  /** What to publish again. What the state does not know yet is looked at again later. */
  repairs(state: ControlState): Change[] {
    const repairs: Change[] = [];
    for (const [key, looks] of this.#doubted) {
      this.#doubted.set(key, looks + 1);
      if (looks < looksBefore) continue;
      const verdict = this.#verdict(key, state);
      if (verdict === 'later') continue;
      this.#doubted.delete(key);
      if (verdict !== 'fine') repairs.push(verdict);
    }
    return repairs;
  }

  doubt(key: string): void {
    if (!this.#doubted.has(key)) this.#doubted.set(key, 0);
  }

  #verdict(key: string, state: ControlState): Change | 'fine' | 'later' {
    const topic = this.#topic;
    const last = this.#lanes.get(key)?.last ?? null;
    const record = state[topic].live.get(key);
    const withdrawn = state[topic].gone.get(key);
    if (record !== undefined) {
      if (last === record.revision) return 'fine';
      // Sent, and not committed yet by whoever is at it.
      if (last !== null && last > record.revision) return 'later';
      return { topic, key, revision: record.revision, record };
    }
    if (withdrawn === undefined || last === null) return 'fine';
    return last > withdrawn ? 'later' : { topic, key, revision: withdrawn, record: null };
  }
}
