/** Users of one partition and model whose example this process opened, as far as it knows. */
export interface Opened {
  readonly users: Set<string>;
  readonly usersMax: number;
}

export const hasRoom = ({ users, usersMax }: Opened, userId: string): boolean =>
  users.size < usersMax || users.has(userId);

/**
 * How many examples wait, counted where they are opened: in memory, so that noting costs no write
 * of its own, and by user, so that a slice that is done again counts once and what another owner
 * closed is found out when its user acts. Each partition has a part of the bound to itself: one
 * that went to another process takes no room from those that stayed.
 */
export class OpenedHere {
  readonly #examplesMax: number;
  readonly #byPartition = new Map<number, ReadonlyMap<string, Opened>>();

  /** `examplesMax`: of a model, over all partitions. */
  constructor(examplesMax: number) {
    this.#examplesMax = examplesMax;
  }

  /** By model, named by the prefix of its lists; other models' are forgotten. */
  of(
    partition: number,
    given: { readonly partitions: number; readonly listPrefixes: readonly string[] },
  ): ReadonlyMap<string, Opened> {
    const before = this.#byPartition.get(partition);
    const usersMax = Math.ceil(this.#examplesMax / given.partitions);
    const opened = new Map(
      given.listPrefixes.map((prefix) => [
        prefix,
        { users: before?.get(prefix)?.users ?? new Set<string>(), usersMax },
      ]),
    );
    this.#byPartition.set(partition, opened);
    return opened;
  }
}
