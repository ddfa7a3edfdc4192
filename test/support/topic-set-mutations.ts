import type { Mutation } from './mutation-list.ts';

/** Of what keeps two sets of internal topics apart. */
export const topicSetMutations: readonly Mutation[] = [
  {
    name: 'interactions do not wait for exposures that have yet to be repartitioned',
    file: 'lib/stream/ahead-gate.ts',
    from: '(come[at] ?? 0) < end',
    to: '(come[at] ?? 0) < 0',
  },
  {
    name: 'a set of internal topics takes over before it holds what the one before holds',
    file: 'lib/stream/switch-sets.ts',
    from: 'if (!(await options.covers(offsets, monotonicMs() + switchMsMax / 2))) {',
    to: 'if (offsets.length < 0) {',
  },
  {
    name: 'services of a set that is kept go on',
    file: 'lib/stream/topic-sets.ts',
    from: 'if (sets === null || isInUse(sets, prefix)) return sets;',
    to: 'if (sets === null || prefix !== "") return sets;',
  },
];
