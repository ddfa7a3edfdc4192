import { RetryableError } from '../errors.ts';
import type { GroupConsumer, GroupOptions } from '../kafka/group-consumer.ts';
import type { Line, MemoryLog } from './memory-log.ts';
import { Member } from './memory-member.ts';

/** What somebody else may decide; the simulation throws dice. */
export interface GroupChoices {
  /** Which of the members, by their place, has a partition. */
  readonly owner: (partition: number, members: number) => number;
  /** How many records a fetch brings, of so many. */
  readonly fetched: (records: number) => number;
}

export const plainChoices: GroupChoices = {
  owner: (partition, members) => partition % members,
  fetched: (records) => records,
};

/**
 * Consumer groups in memory, with what makes them hard in earnest: a member learns of a new
 * assignment some time after it was made, and goes on as an owner until then; what it had fetched
 * under an older one may still be delivered.
 */
export class MemoryGroups {
  readonly log: MemoryLog;
  readonly choices: GroupChoices;
  /** Batches that came of partitions that nobody had asked for since they were assigned. */
  unasked = 0;
  readonly #groups = new Map<string, MemoryGroup>();

  constructor(log: MemoryLog, choices: GroupChoices = plainChoices) {
    this.log = log;
    this.choices = choices;
    log.watch((topic, partition) => {
      for (const group of this.#groups.values())
        for (const member of group.members) member.poke(topic, partition);
    });
  }

  join(options: GroupOptions, line: Line): Promise<GroupConsumer> {
    const group = this.#group(options.groupId, options.topics);
    return new Promise((resolve, reject) => {
      const member = new Member(options, line, { group, groups: this, joined: resolve });
      line.call('join', () => group.enter(member)).catch(reject);
    });
  }

  offsets(groupId: string, topic: string): Map<number, number> {
    const partitions = Array.from({ length: this.log.partitions(topic) }, (_, n) => n);
    const committed = this.#groups.get(groupId)?.committed;
    return new Map(partitions.map((n) => [n, committed?.get(`${topic}/${n}`) ?? -1]));
  }

  all(): readonly MemoryGroup[] {
    return [...this.#groups.values()];
  }

  #group(groupId: string, topics: readonly string[]): MemoryGroup {
    let group = this.#groups.get(groupId);
    if (group === undefined) {
      const partitions = this.log.partitions(topics[0] ?? '');
      group = new MemoryGroup(partitions, this.choices);
      this.#groups.set(groupId, group);
    }
    return group;
  }
}

export class MemoryGroup {
  members: readonly Member[] = [];
  generation = 0;
  readonly committed = new Map<string, number>();
  readonly #partitions: number;
  readonly #choices: GroupChoices;
  #owners: readonly (Member | undefined)[] = [];

  constructor(partitions: number, choices: GroupChoices) {
    this.#partitions = partitions;
    this.#choices = choices;
  }

  has(member: Member): boolean {
    return this.members.includes(member);
  }

  enter(member: Member): void {
    if (!this.has(member)) this.members = [...this.members, member];
    this.rebalance();
  }

  /** Stopped, or given up by the coordinator: then it does not know, and may still work. */
  leave(member: Member): void {
    if (!this.has(member)) return;
    this.members = this.members.filter((other) => other !== member);
    this.rebalance();
  }

  rebalance(): void {
    this.generation += 1;
    const { members } = this;
    this.#owners = Array.from({ length: this.#partitions }, (_, partition) =>
      members.length === 0 ? undefined : members[this.#choices.owner(partition, members.length)],
    );
    for (const member of members) member.notice();
  }

  partitionsOf(member: Member): number[] {
    return this.#owners.flatMap((owner, partition) => (owner === member ? [partition] : []));
  }

  /** Throws where the coordinator would. */
  refuseStranger(member: Member): void {
    if (this.has(member) && member.generation === this.generation) return;
    throw new RetryableError('membership lost: the group is rebalancing');
  }
}
