import { lastDistinct, type Scores } from './best.ts';

interface Session {
  /** Distinct, in the order of their first visit. */
  readonly items: number[];
  readonly has: Set<number>;
  lastMs: number;
}

interface Neighbour {
  readonly session: number;
  readonly weight: number;
  /** Place of the newest common item in the query, from 0. */
  readonly place: number;
  readonly lastMs: number;
}

interface Found extends Neighbour {
  weight: number;
}

const sessionsPerItemMax = 500;
const neighboursMax = 100;
const askedMax = 10;
const itemsPerSessionMax = 50;

/**
 * VMIS-kNN (Kersbergen, Sprangers, Schelter: Serenade, SIGMOD 2022): the sessions most like the
 * user's last items, among the newest ones of each item.
 */
export class SessionNeighbours {
  readonly #sessions: (Session | undefined)[] = [];
  /** Per item its newest sessions, oldest first. */
  readonly #index: (number[] | undefined)[] = [];
  /** Sessions that ever had the item. */
  readonly #counts: Float64Array;
  #size = 0;

  constructor(items: number) {
    this.#counts = new Float64Array(items);
  }

  add(session: number, item: number, atMs: number): void {
    let known = this.#sessions[session];
    if (known === undefined) {
      known = { items: [], has: new Set(), lastMs: atMs };
      this.#sessions[session] = known;
      this.#size += 1;
    }
    if (!known.has.has(item)) {
      known.has.add(item);
      known.items.push(item);
      const newest = (this.#index[item] ??= []);
      newest.push(session);
      if (newest.length > sessionsPerItemMax) newest.shift();
      this.#counts[item] = (this.#counts[item] as number) + 1;
    }
    known.lastMs = atMs;
  }

  neighbours(history: readonly number[], own: number): Neighbour[] {
    const query = lastDistinct(history, askedMax);
    const found = new Map<number, Found>();
    for (const [place, item] of query.entries()) {
      const weight = (query.length - place) / query.length;
      for (const session of this.#index[item] ?? []) {
        if (session === own) continue;
        const known = found.get(session);
        if (known !== undefined) {
          known.weight += weight;
          continue;
        }
        const lastMs = this.#sessions[session]?.lastMs ?? 0;
        found.set(session, { session, weight, place, lastMs });
      }
    }
    let all = [...found.values()];
    if (all.length > sessionsPerItemMax) all = all.sort(newer).slice(0, sessionsPerItemMax);
    return all.sort((a, b) => b.weight - a.weight || newer(a, b)).slice(0, neighboursMax);
  }

  /** `rare`: whether items of fewer sessions count more. */
  score(neighbours: readonly Neighbour[], rare: boolean, into: Scores): void {
    for (const { session, weight, place } of neighbours) {
      const value = weight * (1 - 0.1 * place);
      for (const item of this.#sessions[session]?.items.slice(-itemsPerSessionMax) ?? [])
        into.add(item, value);
    }
    if (!rare) return;
    for (const item of into.touched) {
      const sessions = this.#counts[item] as number;
      const factor = this.#size > sessions ? Math.log(this.#size / sessions) : 0;
      into.values[item] = (into.values[item] as number) * factor;
    }
  }
}

const newer = (a: Neighbour, b: Neighbour): number => b.lastMs - a.lastMs || b.session - a.session;
