import { hash } from 'node:crypto';

import type { Findings } from './report.ts';

/** One thing that was emitted for one source record: what readers deduplicate by, and its content. */
export interface Entry {
  readonly source: number;
  readonly offset: number;
  /** Where it goes; of one source record at most one entry goes to a target. */
  readonly target: number;
  /** Of the content: see `digestOf`. */
  readonly digest: number;
}

/** 48 bits are enough: each is compared with one other. Never 0, which means none. */
export const digestOf = (content: string | Buffer): number =>
  hash('sha1', content, 'buffer').readUIntBE(0, 6) + 1;

/** What is known of the entries of one source partition for one target, by source offset. */
interface Lane {
  digests: Float64Array;
  seen: Uint8Array;
  highest: number;
}

const laneRecordsMin = 4_096;

/**
 * Compares what must have been emitted with what is on the topic. First everything expected is
 * entered, then everything found; 9 bytes for each.
 */
export class Ledger {
  readonly #lanes = new Map<string, Lane>();
  readonly #name: string;
  readonly #findings: Findings;
  /** Sources whose log was cut: what they emitted cannot be worked out any more. */
  readonly #cut: ReadonlySet<number>;
  found = 0;

  constructor(name: string, findings: Findings, cut: ReadonlySet<number>) {
    this.#name = name;
    this.#findings = findings;
    this.#cut = cut;
  }

  expect({ source, offset, target, digest }: Entry): void {
    if (this.#cut.has(source)) return;
    this.#lane(source, target, offset).digests[offset] = digest;
  }

  actual({ source, offset, target, digest }: Entry): void {
    this.found += 1;
    const lane = this.#lane(source, target, offset);
    const expected = lane.digests[offset] ?? 0;
    if (expected === 0) {
      // The first one found stands for what cannot be worked out.
      if (this.#cut.has(source)) lane.digests[offset] = digest;
      else this.#differs({ source, offset, target }, 'must not be on the topic');
    } else if (expected !== digest) {
      this.#differs({ source, offset, target }, 'is on the topic with another content');
    }
    if (lane.seen[offset] === 1) return;
    lane.seen[offset] = 1;
    if (offset < lane.highest) {
      this.#differs(
        { source, offset, target },
        'comes first after a later one: readers pass it by',
      );
    }
    lane.highest = Math.max(lane.highest, offset);
  }

  /** `before`: per source, everything below this offset was emitted before it was committed. */
  missing(before: (source: number) => number): void {
    for (const [key, { digests, seen }] of this.#lanes) {
      const [source = 0, target = 0] = key.split('|').map(Number);
      const end = Math.min(before(source), digests.length);
      for (let offset = 0; offset < end; offset += 1) {
        if (digests[offset] !== 0 && seen[offset] === 0) {
          this.#differs({ source, offset, target }, 'is not on the topic');
        }
      }
    }
  }

  #differs(at: { source: number; offset: number; target: number }, what: string): void {
    const where = `${this.#name} of ${at.source}:${at.offset} for partition ${at.target}`;
    this.#findings.add(where, what);
  }

  #lane(source: number, target: number, offset: number): Lane {
    const key = `${source}|${target}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        digests: new Float64Array(laneRecordsMin),
        seen: new Uint8Array(laneRecordsMin),
        highest: -1,
      };
      this.#lanes.set(key, lane);
    }
    if (offset < lane.digests.length) return lane;
    const length = Math.max(offset + 1, lane.digests.length * 2);
    const digests = new Float64Array(length);
    const seen = new Uint8Array(length);
    digests.set(lane.digests);
    seen.set(lane.seen);
    lane.digests = digests;
    lane.seen = seen;
    return lane;
  }
}
