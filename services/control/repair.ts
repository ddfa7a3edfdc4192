import type { DefinitionRecord } from '../../models/catalogue.ts';
import { keyLengthMax, revisionMax } from './commands.ts';
import type { Standing } from './restate.ts';
import { type Change, type ControlState, type DefinitionTopic, revisionOf } from './state.ts';

/** The part of a record on a compacted topic that says whose it is; null: withdrawn. */
export type Revision = Pick<DefinitionRecord, 'revision' | 'version'> | null;

interface Lane {
  /** The newest record's; null: the key was withdrawn last. */
  last: Revision;
  /** What readers may have: the versions of the highest revision since the last withdrawal. */
  held: { revision: number; readonly versions: Set<string> } | null;
}

/**
 * A key in doubt, and how many looks in a row have found the state at the same revision of it. One
 * is not enough to judge by: a writer sends first and commits then, and what it has sent is on its
 * way here while the state has it already.
 */
interface Doubt {
  revision: number;
  looks: number;
  /** How often it was asked for since: what is of no use is asked for ever more seldom. */
  asked: number;
}

const looksBefore = 2;
/**
 * Looks until what is newer than the state is taken for nobody's: its writer has been overtaken by
 * one that decided otherwise. Asking too early costs one command that does nothing.
 */
const looksUntilForeign = 10;
const askedDoublings = 7;
const versionsKept = 8;

export interface Repairs {
  /** To be published again as the state has it: readers take it, or have it already. */
  readonly again: readonly Change[];
  /** Readers would pass over what the state has: it needs a higher revision, which only a command gives. */
  readonly foreign: readonly Standing[];
}

/**
 * What stands last on a compacted topic, against what should (DESIGN 4.6). A writer that was
 * overtaken, and did not know it, may have sent an older record after a newer one: compaction would
 * keep the older. Or it judged by other settings, and sent what nobody has decided.
 */
export class LastRecords {
  readonly #topic: DefinitionTopic;
  readonly #lanes = new Map<string, Lane>();
  /** Keys on which something came: also the next revision may be one that nobody has decided. */
  readonly #doubted = new Map<string, Doubt>();

  constructor(topic: DefinitionTopic) {
    this.#topic = topic;
  }

  get isDoubtful(): boolean {
    return this.#doubted.size > 0;
  }

  take(key: string, record: Revision): void {
    if (key.length > keyLengthMax) return;
    const lane = this.#lanes.get(key) ?? { last: null, held: null };
    this.doubt(key);
    lane.last = record;
    if (record === null) lane.held = null;
    else if (lane.held === null || record.revision > lane.held.revision)
      lane.held = { revision: record.revision, versions: new Set([record.version]) };
    else if (record.revision === lane.held.revision && lane.held.versions.size < versionsKept)
      lane.held.versions.add(record.version);
    this.#lanes.set(key, lane);
  }

  /** Once, with the topic read to its end: what was wrong before may be all that compaction left. */
  doubtAll(state: ControlState): void {
    for (const key of [...this.#lanes.keys(), ...state[this.#topic].live.keys()]) this.doubt(key);
  }

  /** What to do about keys in doubt. What the state does not know yet is looked at again later. */
  repairs(state: ControlState): Repairs {
    const again: Change[] = [];
    const foreign: Standing[] = [];
    for (const [key, doubt] of this.#doubted) {
      const revision = revisionOf(state, this.#topic, key);
      if (doubt.revision !== revision) Object.assign(doubt, { revision, looks: 0, asked: 0 });
      doubt.looks += 1;
      if (doubt.looks < looksBefore) continue;
      const verdict = this.#verdict(key, state);
      if (verdict === 'unknown') {
        if (doubt.looks < looksUntilForeign * 2 ** Math.min(doubt.asked, askedDoublings)) continue;
        doubt.looks = 0;
        doubt.asked += 1;
        foreign.push(this.#standing(key, state));
        continue;
      }
      this.#doubted.delete(key);
      if (verdict !== 'fine') again.push(verdict);
    }
    return { again, foreign };
  }

  doubt(key: string): void {
    if (!this.#doubted.has(key)) this.#doubted.set(key, { revision: -1, looks: 0, asked: 0 });
  }

  #verdict(key: string, state: ControlState): Change | 'fine' | 'unknown' {
    const topic = this.#topic;
    const { last, held } = this.#lanes.get(key) ?? { last: null, held: null };
    const record = state[topic].live.get(key);
    const withdrawn = state[topic].gone.get(key);
    if (record === undefined) {
      if (last === null) return 'fine';
      // Of a key that was never decided on, too.
      if (withdrawn === undefined || last.revision > withdrawn) return 'unknown';
      return { topic, key, revision: withdrawn, record: null };
    }
    const { revision, version } = record;
    // Sent, and not committed yet by whoever is at it; or never.
    if (held !== null && held.revision > revision) return 'unknown';
    if (held?.revision === revision && !isOnly(held.versions, version)) return 'unknown';
    return last?.revision === revision ? 'fine' : { topic, key, revision, record };
  }

  /** Of what readers may have, something that the state has not. */
  #standing(key: string, state: ControlState): Standing {
    const { revision, versions } = this.#lanes.get(key)?.held ?? { revision: 0, versions: [] };
    const decided = state[this.#topic].live.get(key)?.version;
    const other = [...versions].find((version) => version !== decided);
    const said = (other ?? decided ?? '').slice(0, keyLengthMax);
    const within = Math.min(Math.max(0, revision), revisionMax);
    return { topic: this.#topic, key, revision: within, version: said };
  }
}

const isOnly = (versions: ReadonlySet<string>, version: string): boolean =>
  versions.size === 1 && versions.has(version);
