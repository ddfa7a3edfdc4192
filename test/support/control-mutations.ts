import type { Mutation } from './mutation-list.ts';

/** Of one truth in the history, the state and on the topics, whoever judges. */
export const controlMutations: readonly Mutation[] = [
  {
    name: 'control judges by its own settings, and not by those on the log',
    file: 'services/control/topology.ts',
    from: 'seen: shared.settings ?? unsaid(options.facts)',
    to: 'seen: options.facts.seen',
    tests: 'services/control',
  },
  {
    name: 'what readers hold above the state is waited for, and never restated',
    file: 'services/control/repair.ts',
    from: `if (held !== null && held.revision > revision) return 'unknown';`,
    to: '',
    tests: 'services/control',
  },
  {
    name: 'another version under the same revision is taken for the one decided',
    file: 'services/control/repair.ts',
    from: `if (held?.revision === revision && !isOnly(held.versions, version)) return 'unknown';`,
    to: '',
    tests: 'services/control',
  },
  {
    name: 'what a later release refuses is refused of commands before it, too',
    file: 'services/control/judgement.ts',
    from: 'facts.seen.judgement ?? 1',
    to: 'Math.max(judgementNow, facts.seen.judgement ?? 1)',
    tests: 'services/control',
  },
];
