import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { Owners } from '../../lib/stream/owners.ts';
import { inputsOf } from '../../lib/stream/topology.ts';
import type { AnswersBeside } from './answers-beside.ts';
import type { Pace } from './pace.ts';
import { patiently } from './patiently.ts';
import type { FoldToBuild } from './plan.ts';
import { endsOfInputs, isPast, type Offsets, offsetsOf, recordsLeft } from '../data/offsets.ts';

const pollMs = 100;
/** What it asks of the broker and of Redis it takes from the fold, whose thread it shares. */
const pollMsMax = 1_000;
const sayEveryMs = 2_000;
/** Few enough to be folded within moments once the other stands still. */
const levelRecordsMax = 2_000;
/** Marks of transactions at the end of a log are never delivered: some may be left for ever. */
const silenceMsMax = 10_000;
const marksMax = 5;

/** Records that a build has yet to fold: up to where the other is now, and where it stood at first. */
interface Left {
  /** The build begins past where what is current stands. */
  readonly isAhead: boolean;
  readonly all: number;
  readonly before: number;
}

interface WatchBeside {
  readonly fatal: readonly Error[];
  readonly pace: Pick<Pace, 'besideAnswers'>;
  readonly areAsked: AnswersBeside;
}

/** How far a build is, how long it takes, and whether it is over. */
export class Watch {
  readonly #given: FoldToBuild;
  readonly #owners: Pick<Owners, 'ready'>;
  readonly #fatal: readonly Error[];
  readonly #topics: readonly string[];
  readonly #pace: Pick<Pace, 'besideAnswers'>;
  readonly #areAsked: AnswersBeside;
  /** Null: its partitions are not claimed yet. */
  #claimedMs: number | null = null;
  #first: Offsets | null = null;
  /** Where what is current stood when this began: before that there is nothing to compare. */
  #stood: Offsets | null = null;
  #records = 0;
  #found = 0;
  #saidMs = 0;

  constructor(given: FoldToBuild, owners: Pick<Owners, 'ready'>, beside: WatchBeside) {
    this.#given = given;
    this.#pace = beside.pace;
    this.#areAsked = beside.areAsked;
    this.#owners = owners;
    this.#fatal = beside.fatal;
    this.#topics = inputsOf(given.fold).map(({ topic }) => topic);
  }

  /** By this process. */
  get records(): number {
    return this.#records;
  }

  /** Of these the generation was when this began, folded by another process, or another time. */
  get found(): number {
    return this.#found;
  }

  /** Of folding: until its group has met nothing is folded, and that says nothing of what is left. */
  get seconds(): number {
    return this.#claimedMs === null ? 0 : (monotonicMs() - this.#claimedMs) / 1_000;
  }

  async untilLevel(): Promise<void> {
    const { options } = this.#given;
    let before = Infinity;
    let sinceMs = monotonicMs();
    for (;;) {
      this.refuseEnd();
      const left = await patiently(() => this.#look(), options);
      if (left.all !== before) sinceMs = monotonicMs();
      before = left.all;
      if (this.#isLevel(left, monotonicMs() - sinceMs)) return;
      // Cut short where it is broken off.
      const { signal } = options;
      await pause(this.#untilNextLookMs(left.all), null, { signal }).catch(() => null);
    }
  }

  /** A quarter of the time that is left, so that the end is seen about when it comes. */
  #untilNextLookMs(left: number): number {
    if (this.#records === 0) return pollMs;
    const quarterMs = ((left / this.#records) * this.seconds * 1_000) / 4;
    return Math.min(Math.max(quarterMs, pollMs), pollMsMax);
  }

  /**
   * Until everything is folded that its inputs hold now. Where nobody folds on what is current,
   * until the build is as far as that.
   */
  async untilPresent(): Promise<void> {
    const { hands, options } = this.#given;
    const { lows, highs } = await endsOfInputs(hands.admin, this.#topics);
    let before = '';
    let sinceMs = monotonicMs();
    for (;;) {
      this.refuseEnd();
      const own = await patiently(() => this.#own(), options);
      if (recordsLeft(own, highs, lows) === 0) return;
      if (own.join() !== before) sinceMs = monotonicMs();
      before = own.join();
      if (monotonicMs() - sinceMs > silenceMsMax) return;
      await pause(pollMs);
    }
  }

  refuseEnd(): void {
    const { fold, options } = this.#given;
    const [error] = this.#fatal;
    if (error !== undefined) throw error;
    if (options.signal.aborted)
      throw new UserError(`${fold.name}: broken off; the same command goes on from here`);
    const why = this.#owners.ready();
    if (why?.includes('stopped') === true)
      throw new UserError(`${why}; see \`npx freshet failed list --stage ${fold.name}\``);
  }

  #isLevel({ all, before, isAhead }: Left, stillMs: number): boolean {
    const { generation, replaces } = this.#given.building;
    if (replaces !== null) return before === 0 && all <= levelRecordsMax && !isAhead;
    const marks = this.#topics.length * generation.partitions * marksMax;
    return all === 0 || (all <= marks && stillMs > silenceMsMax);
  }

  async #look(): Promise<Left> {
    const { hands, building } = this.#given;
    const { replaces } = building;
    if (this.#owners.ready() === null) this.#claimedMs ??= monotonicMs();
    const own = await this.#own();
    const areAsked = await this.#areAsked();
    if (areAsked !== null) this.#pace.besideAnswers(areAsked);
    const { lows, highs } = await endsOfInputs(hands.admin, this.#topics);
    const to = replaces === null ? highs : await offsetsOf(hands.redis, replaces);
    if (this.#first === null) {
      this.#first = own;
      this.#stood = to;
      const { from = [] } = building.generation;
      const begins = from.map((offset) => [offset]);
      this.#found = recordsLeft(begins, own, lows);
    }
    const all = recordsLeft(own, to, lows);
    const before = recordsLeft(own, this.#stood ?? to, lows);
    this.#records = recordsLeft(this.#first, own, lows);
    // What is current comes there by itself; closed before, it would wait for a switch in vain.
    const isAhead = replaces !== null && isPast(own, to, lows);
    if (monotonicMs() - this.#saidMs > sayEveryMs) this.#say(all, isAhead);
    return { all, before, isAhead };
  }

  /** A partition of which nothing is folded stands where the build begins. */
  async #own(): Promise<Offsets> {
    const { hands, building } = this.#given;
    const { from = [] } = building.generation;
    const stored = await offsetsOf(hands.redis, building.generation);
    return stored.map((offsets, partition) => {
      const begins = from[partition];
      return offsets.length === 0 && begins !== undefined ? [begins] : offsets;
    });
  }

  #say(left: number, isAhead: boolean): void {
    const { fold, options } = this.#given;
    this.#saidMs = monotonicMs();
    const rate = this.#records / Math.max(0.001, this.seconds);
    const time = rate > 0 && left > 0 ? `, about ${Math.ceil(left / rate)} s left` : '';
    const waits = isAhead ? ', waiting until the service is where this begins: does it run?' : '';
    options.say(`${fold.name}: ${this.#records} records folded, ${left} left${time}${waits}`);
  }
}
