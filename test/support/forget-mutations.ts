import type { Mutation } from './mutation-list.ts';

/** Of forgetting users, and of answering without consent. */
export const forgetMutations: readonly Mutation[] = [
  {
    name: 'a row that is to be deleted is not',
    file: 'lib/stream/memory-store.ts',
    from: 'for (const key of removes) values.delete(key);',
    to: '',
  },
  {
    name: 'a row that is deleted stays with its owner',
    file: 'lib/stream/fold-partition.ts',
    from: 'this.#cache.remove(key);',
    to: '',
  },
  {
    name: 'a forgotten user who had expired stays until a sweep',
    file: 'lib/stream/fold-slice.ts',
    from: 'if (held !== undefined) deleteRow(',
    to: 'if (before !== undefined) deleteRow(',
    tests: 'services/seen-items',
  },
  {
    name: 'two emitters on one topic have one mark',
    file: 'lib/stream/topology.ts',
    from: '2 * position.partition + 1',
    to: '2 * position.partition',
    tests: 'services/served',
  },
  {
    name: 'what must be found before something else is sent after it',
    file: 'lib/stream/fold-partition.ts',
    from: '[ahead, messages]',
    to: '[messages, ahead]',
    tests: 'services/ingest',
  },
  {
    name: 'what is shown after a user is forgotten counts for the part that leaves',
    file: 'services/experiments/credit.ts',
    from: 'arm.experiment === experiment && arm.leaves === 0',
    to: 'arm.experiment === experiment',
    tests: 'services/experiments',
  },
  {
    name: 'lists of users who are forgotten stay',
    file: 'services/candidates/lists.ts',
    from: 'removes.filter((key) => !written.has(key))',
    to: '[] as string[]',
    tests: 'services/candidates',
  },
  {
    name: 'an example of a forgotten user is closed all the same',
    file: 'services/candidates/training.ts',
    from: 'this.#ended.has(user) ? null : ',
    to: '',
    tests: 'services/candidates',
  },
  {
    name: 'without consent lists of the user are read',
    file: 'services/serving/plan.ts',
    from: 'user: consent ? user : null',
    to: 'user',
    tests: 'services/serving',
  },
  {
    name: 'without consent an exposure goes out',
    file: 'services/serving/outputs.ts',
    from: 'if (!accepted.request.consent) return null;',
    to: '',
    tests: 'services/serving',
  },
];
