import { controlMutations } from './control-mutations.ts';
import { decisionMutations } from './decision-mutations.ts';
import { forgetMutations } from './forget-mutations.ts';
import { topicSetMutations } from './topic-set-mutations.ts';

/** The guards that are taken out, one at a time: see mutations.ts. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /**
   * Tests that must turn red; those beside the runner, unless said. Others start a stack. Null: the
   * simulation alone sees it.
   */
  readonly tests?: string | null;
  /** Whether the simulation can see it; then it must turn red too, by itself. */
  readonly simulated?: true;
}

export const mutations: readonly Mutation[] = [
  {
    name: 'the end that a fold waits for moves on while it waits',
    file: 'lib/stream/ahead-gate.ts',
    from: 'if (first.offset >= this.#below && !',
    to: 'if (first.offset >= 0 && !',
  },
  {
    name: 'compare-and-set removed (the store applies any commit)',
    file: 'lib/stream/memory-store.ts',
    from: `removes = [], decided }) => {\n      if (stands(headerKey) !== expected) return 'refused';`,
    to: 'removes = [], decided }) => {',
    simulated: true,
  },
  {
    name: 'compare-and-set ignored (a refused commit counts as applied)',
    file: 'lib/stream/fold-partition.ts',
    // No wrong state comes of it in the simulation: the next validated read says that it was overtaken.
    from: `if ((await store.commit(commit)) === 'refused') return false;`,
    to: 'await store.commit(commit);',
  },
  {
    name: 'a switch is judged by a pointer that was read before the header',
    file: 'lib/stream/live-generation.ts',
    from: 'const { current, sets } = await this.#pointers();',
    to: 'const { current, sets } = { current: before, sets: null };',
  },
  {
    name: 'validated read removed',
    file: 'lib/stream/fold-partition.ts',
    from: 'if ((header?.toString() ?? null) !== this.#headerText) return null;',
    to: '',
    simulated: true,
  },
  {
    name: 'position check removed',
    file: 'lib/stream/fold-slice.ts',
    from: 'position.offset <= (marks[lane] ?? -1)',
    to: 'false',
    simulated: true,
  },
  {
    name: 'position compared with a mark that moves within a record',
    file: 'lib/stream/fold-slice.ts',
    from: 'if (position.offset > high) high = position.offset;',
    to: 'if (position.offset > high) high = position.offset; marks[source] = high;',
    simulated: true,
  },
  {
    name: 'cache drop removed',
    file: 'lib/stream/fold-partition.ts',
    from: 'this.#cache.drop();\n    this.#shared = undefined;',
    to: '',
    simulated: true,
  },
  {
    name: 'drop of the partition’s shared value removed',
    file: 'lib/stream/fold-partition.ts',
    from: 'this.#shared = undefined;\n  }',
    to: '}',
    simulated: true,
  },
  {
    name: 'stored before it is sent',
    file: 'lib/stream/fold-partition.ts',
    from: 'await this.#deps.send(messages);',
    to: 'const sends = () => this.#deps.send(messages); setTimeout(() => void sends().catch(() => undefined), 0);',
    simulated: true,
  },
  {
    name: 'offset not moved with the values',
    file: 'lib/stream/fold-partition.ts',
    from: 'offsets: before.offsets.with(input, last.offset + 1),',
    to: 'offsets: before.offsets.with(input, last.offset),',
    simulated: true,
  },
  {
    name: 'an expired row is folded as if its user had never been away',
    file: 'lib/stream/fold-slice.ts',
    from: 'isExpired(horizon, held, context.newestMs)',
    to: 'false',
  },
  {
    name: 'an expired row is folded on where its owner has kept it',
    file: 'lib/stream/fold-slice.ts',
    from: 'isExpired(horizon, held, context.newestMs)',
    to: '!patched && isExpired(horizon, held, context.newestMs)',
  },
  {
    name: 'a row that began anew does not take the place of the one that was kept',
    file: 'lib/stream/fold-partition.ts',
    from: 'this.#cache.put(key, row);',
    to: 'if (this.#cache.get(key) === undefined) this.#cache.put(key, row);',
  },
  {
    name: 'a pack is judged by the time before all of it, so that it matters how it was cut',
    file: 'lib/stream/fold-slice.ts',
    from: 'context.newestMs = draft.newestMs;',
    to: '',
    tests: 'services/learning',
  },
  {
    name: 'expired by the event time of the record itself, and not by that before it',
    file: 'lib/stream/fold-slice.ts',
    from: 'isExpired(horizon, held, context.newestMs)',
    to: 'isExpired(horizon, held, draft.newestMs)',
  },
  {
    name: 'a sweep is not compared with the header',
    file: 'lib/stream/memory-store.ts',
    from: `remove: async ({ headerKey, expected, keys }) => {\n      if (stands(headerKey) !== expected) return 'refused';`,
    to: 'remove: async ({ keys }) => {',
  },
  {
    name: 'a row of one moment is swept by the header of another',
    file: 'lib/stream/sweep-rows.ts',
    from: 'const [header = null, ...values] = await store.load([headerKey, ...keys]);',
    to: 'const values = await store.load(keys);\n  const [header = null] = await store.load([headerKey]);',
  },
  {
    name: 'an example is closed by what was learned when its list was made',
    file: 'services/candidates/training.ts',
    from: `if (offset < open.learnedTo) return 'learned_already';`,
    to: '',
    tests: 'services/candidates',
  },
  {
    name: 'an example is closed by what the user was known to have seen',
    file: 'services/candidates/lists.ts',
    from: 'Math.max(rowsTo, read.seenTo)',
    to: 'rowsTo',
    tests: 'services/candidates',
  },
  {
    name: 'an example is closed by what its list knew',
    file: 'services/candidates/training.ts',
    from: 'offset >= open.profileOffset',
    to: 'true',
    tests: 'services/candidates',
  },
  {
    name: 'open examples are not compared with the header',
    file: 'services/candidates/profiles.ts',
    from: 'stands ? values',
    to: 'true ? values',
    tests: 'services/candidates',
  },
  {
    name: 'join: late by the lower mark and not by its own',
    file: 'lib/stream/join.ts',
    from: 'record.atMs < state.marks[side] - window.latenessMs',
    to: 'record.atMs < Math.min(state.marks.left, state.marks.right) - window.latenessMs',
  },
  {
    name: 'join: complete by the right mark alone',
    file: 'lib/stream/join.ts',
    from: 'const low = Math.min(marks.left, marks.right);',
    to: 'const low = marks.right;',
  },
  {
    name: 'compare-and-set removed from the script in Redis',
    file: 'lib/stream/store.ts',
    from: `if (held or '') ~= ARGV[1] then return 0 end\nlocal last`,
    to: 'local last',
    tests: 'test/integration/store.test.ts',
  },
  {
    name: 'a sweep is not compared with the header in Redis',
    file: 'lib/stream/store.ts',
    from: `if (held or '') ~= ARGV[1] then return 0 end\nlocal rows`,
    to: 'local rows',
    tests: 'test/integration/store.test.ts',
  },
  {
    name: 'validated read removed, on a real stack',
    file: 'lib/stream/fold-partition.ts',
    from: 'if ((header?.toString() ?? null) !== this.#headerText) return null;',
    to: '',
    tests: 'test/integration/stream.test.ts',
  },
  {
    name: 'the last folded record is not compared at a claim',
    file: 'lib/stream/claim.ts',
    from: 'recordHash(first) === verify',
    to: 'true',
    tests: 'test/integration/stream-refusals.test.ts',
  },
  {
    name: 'the pause on assignment is left out (records come before the offset is read)',
    file: 'lib/stream/owners.ts',
    from: 'pauseOnJoin: true,',
    to: 'pauseOnJoin: false,',
    tests: null,
    simulated: true,
  },
  {
    name: 'the pause on assignment is left out by the consumer',
    file: 'lib/kafka/group-consumer.ts',
    from: 'if (options.pauseOnJoin === true) {',
    to: 'if (false) {',
    tests: 'test/integration/log-port.test.ts',
  },
  {
    name: 'sends do not wait for each other',
    file: 'lib/kafka/outbox.ts',
    from: 'tail.then(() => sendNow(messages))',
    to: 'sendNow(messages)',
    tests: 'lib/kafka',
  },
  {
    name: 'the client sends again by itself',
    file: 'lib/kafka/outbox.ts',
    from: 'retry: noRetry,',
    to: '',
    tests: 'lib/kafka',
  },
  {
    name: 'what was done is not said before others are given the partition',
    file: 'lib/kafka/batch-consumer.ts',
    from: 'beforeJoin: () => batches.settle()',
    to: 'beforeJoin: async () => undefined',
    tests: 'lib/kafka',
  },
  {
    name: 'events that come twice are taken twice',
    file: 'services/ingest/topology.ts',
    from: 'if (!remember(ring, event.event_id)) {',
    to: 'if (!remember(ring, event.event_id) && false) {',
    tests: 'services/ingest',
  },
  ...controlMutations,
  ...decisionMutations,
  ...forgetMutations,
  ...topicSetMutations,
  {
    name: 'a failed event is sent again unjudged',
    file: 'cli/failed/replay.ts',
    from: `if (verdict.kind === 'reject')`,
    to: `if (verdict.kind === 'reject' && nowMs < 0)`,
    tests: 'cli/failed',
  },
  {
    name: 'a failed event that counts where it lies is sent again',
    file: 'cli/failed/replay.ts',
    from: `if (lineage === '' ||`,
    to: `if (lineage !== 'x' ||`,
    tests: 'cli/failed',
  },
  {
    name: 'a failed event that was sent counts as dropped by whoever is later',
    file: 'cli/failed/outcomes.ts',
    from: `(['replayed', 'accepted', 'dropped'] as const).find(has)`,
    to: `(['dropped', 'accepted', 'replayed'] as const).find(has)`,
    tests: 'cli/failed',
  },
  {
    name: 'a failed event is sent again to any partition',
    file: 'cli/failed/desk.ts',
    from: `placed: async (value, { partition, key }) => ({ topic: name, partition, key, value }),`,
    to: `placed: async (value, { key }) => ({ topic: name, partition: Math.floor(Math.random() * 4), key, value }),`,
    tests: 'test/integration/failed.test.ts',
  },
  {
    name: 'a group is joined while answers are under way',
    file: 'lib/kafka/group-consumer.ts',
    from: 'if (pulse.member && !pulse.closing) await',
    to: 'if (pulse.member && !pulse.closing) void',
    tests: 'test/integration/batch-consumer.test.ts',
  },
  {
    name: 'intervals of experiments as if looked at once',
    file: 'experiments/statistics/boundary.ts',
    from: 'return Math.sqrt(high);',
    to: 'return 1.96;',
    tests: 'bench/experiments',
  },
];
