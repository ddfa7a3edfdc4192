/** How often something was done, and the CPU time that this thread took for it. */
export class Cost {
  times = 0;
  us = 0;

  /** Does it, and counts it. CPU and not time: what else the machine does is no matter of ours. */
  of<T>(work: () => T): T {
    const before = process.threadCpuUsage();
    const result = work();
    const { user, system } = process.threadCpuUsage(before);
    this.us += user + system;
    this.times += 1;
    return result;
  }

  get ms(): number {
    return this.us / 1000;
  }

  usEach(): number {
    return this.times === 0 ? 0 : this.us / this.times;
  }
}

/** Of what was done under any of these; null: nothing was, which is not to say that it is free. */
export const usEachOf = (costs: readonly Cost[]): number | null => {
  const times = costs.reduce((sum, cost) => sum + cost.times, 0);
  return times === 0 ? null : costs.reduce((sum, { us }) => sum + us, 0) / times;
};
