import type { Mutation } from './mutation-list.ts';

/** Of what another reading of the log could not find out again: that a schema was not known. */
export const decisionMutations: readonly Mutation[] = [
  {
    name: 'a decision on a record of one input counts for the other',
    file: 'lib/stream/fold-partition.ts',
    from: 'input === 0 ? offset : -1 - offset',
    to: 'offset + 0 * input',
    simulated: true,
  },
  {
    name: 'a decision is not compared with the header',
    file: 'lib/stream/memory-store.ts',
    // The simulation meets it too rarely to be relied on.
    from: `key, offsets }) => {\n      if (stands(headerKey) !== expected) return 'refused';`,
    to: 'key, offsets }) => {',
  },
  {
    name: 'what was folded by fewer decisions than there are is stored',
    file: 'lib/stream/memory-store.ts',
    from: '(decisions.get(decided.key)?.size ?? 0) !== decided.count',
    // Met by one schedule in some 70,000: not by the few that are simulated here.
    to: 'decided.count < 0',
  },
];
