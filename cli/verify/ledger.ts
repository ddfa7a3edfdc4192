import { hash } from 'node:crypto';

import type { Findings } from './report.ts';

/** One thing that was emitted for one source record: what readers deduplicate by, and its content. */
export interface Entry {
  readonly source: number;
  readonly offset: number;
  /** The partition that it is for; of one source record at most one entry goes to it. */
  readonly target: number;
  /** A second thing for the same source record, for another partition. */
  readonly aside?: boolean;
  /** Of the content: see `digestOf`. */
  readonly digest: number;
}

/** 48 bits are enough: each is compared with one other. Never 0, which means none. */
export const digestOf = (content: string | Buffer): number =>
  hash('sha1', content, 'buffer').readUIntBE(0, 6) + 1;

/** What is known of the entries of one source partition, by source offset. */
interface Lane {
  digests: Float64Array;
  /** One more than the target; 0: none. */
  places: Uint16Array;
  seen: Uint8Array;
  /** By target: only within a partition is there an order, and readers go by it. */
  readonly highest: Map<number, number>;
}

export interface LedgerOptions {
  /** Sources whose log was cut: what they emitted cannot be worked out any more. */
  readonly cut: ReadonlySet<number>;
  /** Targets whose log was cut: what is there may be a repeat, and the first of it is gone. */
  readonly cutTargets: ReadonlySet<number>;
  /** A source record is emitted to one partition; else to several, and each has lanes of its own. */
  readonly toOnePartition: boolean;
}

const laneRecordsMin = 4_096;

/**
 * Compares what must have been emitted with what is on the topic. First everything expected is
 * entered, then everything found; 11 bytes for each.
 */
export class Ledger {
  readonly #lanes = new Map<string, Lane>();
  readonly #name: string;
  readonly #findings: Findings;
  readonly #options: LedgerOptions;
  found = 0;

  constructor(name: string, findings: Findings, options: LedgerOptions) {
    this.#name = name;
    this.#findings = findings;
    this.#options = options;
  }

  expect(entry: Entry): void {
    const { source, offset, target, digest } = entry;
    if (this.#options.cut.has(source)) return;
    const lane = this.#lane(entry);
    lane.digests[offset] = digest;
    lane.places[offset] = target + 1;
  }

  actual(entry: Entry): void {
    this.found += 1;
    const { offset, target } = entry;
    const lane = this.#lane(entry);
    const highest = lane.highest.get(target) ?? -1;
    lane.highest.set(target, Math.max(highest, offset));
    if (!this.#fits(lane, entry) || lane.seen[offset] === 1) return;
    lane.seen[offset] = 1;
    if (offset < highest && !this.#options.cutTargets.has(target)) {
      this.#differs(entry, 'comes first after a later one: readers pass it by');
    }
  }

  /** False where it is not for this partition: then the one that is has yet to be seen. */
  #fits(lane: Lane, entry: Entry): boolean {
    const { source, offset, target, digest } = entry;
    const expected = lane.digests[offset] ?? 0;
    const place = lane.places[offset] ?? 0;
    if (expected === 0) {
      // The first one found stands for what cannot be worked out.
      if (this.#options.cut.has(source)) lane.digests[offset] = digest;
      else this.#differs(entry, 'must not be on the topic');
      lane.places[offset] = target + 1;
    } else if (place !== target + 1) {
      this.#differs(entry, `must be on one partition only, which is ${place - 1}`);
      return false;
    } else if (expected !== digest) {
      this.#differs(entry, 'is on the topic with another content');
    }
    return true;
  }

  /** `before`: per source, everything below this offset was emitted before it was committed. */
  missing(before: (source: number) => number): void {
    for (const [key, { digests, places, seen }] of this.#lanes) {
      const source = Number(key.split('|')[0]);
      const end = Math.min(before(source), digests.length);
      for (let offset = 0; offset < end; offset += 1) {
        if (digests[offset] !== 0 && seen[offset] === 0) {
          const target = (places[offset] ?? 0) - 1;
          this.#differs({ source, offset, target }, 'is not on the topic');
        }
      }
    }
  }

  #differs(at: { source: number; offset: number; target: number }, what: string): void {
    const where = `${this.#name} of ${at.source}:${at.offset} for partition ${at.target}`;
    this.#findings.add(where, what);
  }

  #lane({ source, target, offset, aside }: Entry): Lane {
    const own = aside === true ? `${source}|aside` : `${source}`;
    const key = this.#options.toOnePartition ? own : `${source}|${target}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        digests: new Float64Array(laneRecordsMin),
        places: new Uint16Array(laneRecordsMin),
        seen: new Uint8Array(laneRecordsMin),
        highest: new Map(),
      };
      this.#lanes.set(key, lane);
    }
    if (offset < lane.digests.length) return lane;
    const length = Math.max(offset + 1, lane.digests.length * 2);
    const { digests, places, seen } = lane;
    lane.digests = new Float64Array(length);
    lane.places = new Uint16Array(length);
    lane.seen = new Uint8Array(length);
    lane.digests.set(digests);
    lane.places.set(places);
    lane.seen.set(seen);
    return lane;
  }
}
