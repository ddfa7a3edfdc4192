import { RefusedError, RetryableError } from '../../lib/errors.ts';
import { MemoryGroups } from '../../lib/stream/memory-group.ts';
import { MemoryLog } from '../../lib/stream/memory-log.ts';
import { memoryStore } from '../../lib/stream/memory-store.ts';
import type { RunningService } from '../../lib/service.ts';
import type { StateStore } from '../../lib/stream/store.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import { ahead, Cast, emitted, failed, source } from './cast.ts';
import { EmissionCheck, type FoldCheck, Violation } from './checks.ts';
import { Dice } from './dice.ts';
import { contentOf } from './folds.ts';
import { contextOf, type Host, hostNamed, type HostWorld } from './host.ts';
import { type Plan, planOf } from './plan.ts';
import { Scheduler } from './scheduler.ts';

/** Redis as it was at some moment: it is gone back to when its tail is lost. */
interface Moment {
  readonly values: ReadonlyMap<string, Buffer>;
  readonly decisions: ReadonlyMap<string, ReadonlySet<number>>;
}
const momentsMax = 6;

/**
 * Brokers, Redis, a registry and a few processes that run the runner, of one seed. What is here is
 * there at once and is never wrong; whatever makes a distributed system hard is between it and the
 * processes, in the scheduler.
 */
export class World implements HostWorld {
  readonly plan: Plan;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly log = new MemoryLog();
  readonly groups: MemoryGroups;
  readonly knownSchemas = new Set<number>();
  readonly store: StateStore;
  readonly values: Map<string, Buffer>;
  readonly checks: readonly FoldCheck[];
  hosts: Host[] = [];
  /** The first thing that must never be and was. */
  violation: string | null = null;
  peaceful = false;
  overtaken = false;
  readonly #memory = memoryStore();
  readonly #moments: Moment[] = [];
  readonly #emission: EmissionCheck | null;
  readonly #cast: Cast;
  readonly #failedSaid = new Set<string>();
  #tailLost = false;
  #bootstrap = false;
  #appended = 0;
  #started = 0;

  constructor(seed: number, traced = false) {
    this.dice = new Dice(seed);
    this.plan = planOf(this.dice);
    const { dice, log, plan } = this;
    this.scheduler = new Scheduler(dice, traced);
    this.groups = new MemoryGroups(log, {
      owner: (_partition, members) => dice.below(members),
      fetched: (records) => dice.between(1, records),
    });
    for (const topic of [source, ahead]) log.create(topic, plan.partitions);
    log.create(emitted, plan.targets);
    log.create(failed, 1);
    this.values = this.#memory.values;
    this.store = this.#watched();
    this.#cast = new Cast(plan);
    const [first, reader] = this.#cast.checks(log, this.#memory);
    this.checks = reader === undefined ? [first] : [first, reader];
    // Whether a schema was found is decided by whoever looks first, and another may have emitted.
    this.#emission =
      reader === undefined || plan.schemas ? null : new EmissionCheck(first, plan.targets);
    this.scheduler.faults = plan.faults;
    this.scheduler.slowShare = plan.slowShare;
    while (this.#appended < plan.records.length / 2) this.appendOne();
    for (let n = 1; n < plan.processes; n += 1) this.start();
  }

  readonly cut = (): number => (this.peaceful ? 0 : this.plan.faults.lost / 3);

  /** Every command that changes state is looked at as soon as it has happened. */
  #watched(): StateStore {
    const memory = this.#memory;
    const changing = <T>(headerKey: string, act: () => Promise<T>): Promise<T> => {
      if (this.plan.rates.loseTail > 0) this.#remember();
      const done = act();
      this.#guard(() => this.#checkAt(headerKey));
      return done;
    };
    return {
      load: memory.load,
      decided: memory.decided,
      commit: (commit) => changing(commit.headerKey, () => memory.commit(commit)),
      decide: (decision) => changing(decision.headerKey, () => memory.decide(decision)),
      remove: (removal) => changing(removal.headerKey, () => memory.remove(removal)),
    };
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation ??= error.message;
    }
  }

  #checkAt(headerKey: string): void {
    for (const check of this.checks) {
      const partition = check.partitionOf(headerKey);
      if (partition >= 0) this.#check(check, partition);
    }
  }

  #check(check: FoldCheck, partition: number): void {
    check.run(partition);
    if (check !== this.checks[0]) return;
    this.#emission?.stored(partition);
    const topics = this.plan.kind === 'ahead' ? [source, ahead] : [source];
    for (const [input, offset] of check.offsets(partition).entries()) {
      for (const record of this.log.records(topics[input] ?? source, partition).slice(0, offset)) {
        const id = `${record.topic}/${partition}/${record.offset}`;
        if (contentOf(record).poison === true && !this.#failedSaid.has(id))
          throw new Violation(`${id} failed, and nothing says so`);
      }
    }
  }

  checkAll(): void {
    this.#guard(() => {
      for (const check of this.checks)
        for (let n = 0; n < check.partitions; n += 1) this.#check(check, n);
    });
    if (this.groups.unasked > 0) this.violation ??= 'records were fetched before anybody asked';
  }

  #remember(): void {
    const { values, decisions } = this.#memory;
    this.#moments.push({ values: new Map(values), decisions: new Map(decisions) });
    if (this.#moments.length > momentsMax) this.#moments.shift();
  }

  append(messages: readonly OutMessage[]): void {
    for (const message of messages) {
      if (message.topic === failed) {
        this.#failedSaid.add(String(message.key));
        continue;
      }
      const record = this.log.append(message);
      this.#guard(() => this.#emission?.appended(record));
    }
  }

  appendOne(): void {
    const next = this.plan.records[this.#appended];
    if (next === undefined) return;
    this.#appended += 1;
    const { input, partition, content } = next;
    const topic = input === 0 ? source : ahead;
    const value = Buffer.from(JSON.stringify(content));
    this.scheduler.note(`appended to ${topic}/${partition}: ${String(value)}`);
    // What its check notes must be there before anybody is told of the record.
    const record = this.log.append({ topic, partition, key: null, value }, this.#appended);
    this.checks[0]?.appended(record);
  }

  /** Whether every process has all its services, and all their partitions. */
  get folding(): boolean {
    return this.hosts.every(
      ({ services }) =>
        services.length > 0 && services.every((service) => service.ready() === null),
    );
  }

  get allAppended(): boolean {
    return this.#appended >= this.plan.records.length;
  }

  start(): void {
    const name = `p${this.#started}`;
    this.#started += 1;
    const host = hostNamed(name, this);
    this.hosts.push(host);
    this.scheduler.note(`${name} starts${this.#bootstrap ? ' with --bootstrap' : ''}`);
    const fatal = (error: unknown): void => this.#ended(host, error as Error);
    const context = contextOf({ ...this.plan, bootstrap: this.#bootstrap, onFatal: fatal });
    for (const start of this.#cast.starts(host, this, context))
      patiently(start).then((service) => host.services.push(service), fatal);
  }

  /** A process that ended by itself: it had better have had a reason. */
  #ended(host: Host, error: Error): void {
    if (!host.alive) return;
    this.scheduler.note(`${host.name} ends: ${error.message}`);
    this.kill(host);
    const lost = this.#tailLost && error.message.includes('state was lost');
    if (lost) this.#bootstrap = true;
    const cut = this.overtaken && error.message.includes('retention removed');
    if (!(error instanceof RefusedError) || !(lost || cut))
      this.violation ??= `${host.name} ended: ${error.stack ?? error.message}`;
  }

  kill(host: Host): void {
    host.alive = false;
    this.scheduler.buried(host);
    this.hosts = this.hosts.filter((other) => other !== host);
  }

  /** Members of processes that are gone, or that do not answer, are given up. */
  expire(gone: (host: Host | undefined) => boolean): void {
    for (const group of this.groups.all()) {
      for (const member of group.members) {
        const host = this.hosts.find(({ line }) => line === member.line);
        if (!gone(host)) continue;
        group.leave(member);
        member.notice();
      }
    }
  }

  loseTail(): void {
    const moment = this.#moments[this.dice.below(this.#moments.length)];
    if (moment === undefined) return;
    this.scheduler.note('Redis loses its tail');
    this.#tailLost = true;
    const { values, decisions } = this.#memory;
    values.clear();
    decisions.clear();
    for (const [key, bytes] of moment.values) values.set(key, bytes);
    for (const [key, offsets] of moment.decisions) decisions.set(key, offsets);
    this.#moments.length = 0;
    for (const check of this.checks) check.wentBack();
  }

  trim(): void {
    const partition = this.dice.below(this.plan.partitions);
    const [stored = 0] = this.checks[0]?.offsets(partition) ?? [];
    if (stored === 0) return;
    const { high } = this.log.bounds(source, partition);
    const low = this.plan.overtakes
      ? this.dice.between(stored, high)
      : this.dice.between(0, stored);
    this.scheduler.note(`retention: ${source}/${partition} begins at ${low}`);
    this.overtaken ||= low > stored;
    this.log.trim(source, partition, low);
  }
}

/** As a process does: what is away at the start is waited for. */
async function patiently(start: () => Promise<RunningService>): Promise<RunningService> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
    }
  }
}
