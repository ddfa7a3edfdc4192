import type { ExperimentRecord } from '../../experiments/definition.ts';
import { kinds } from '../../models/kinds.ts';
import { judge } from './judge.ts';
import { judgementNow } from './judgement.ts';
import type { Facts, Outcome } from './outcome.ts';
import { applyChanges, type ControlState, emptyState, encodeState, experimentOf } from './state.ts';

/** For tests: definitions of little content, and a control plane without a log. */

export const facts: Facts = {
  kinds,
  seen: { daysMax: 400, kinds: ['view', 'purchase'], judgement: judgementNow },
};

export const model = (name: string, depth = 50): string =>
  JSON.stringify({ model: name, kind: 'trending', retrieval: { depth } });

export const context = (name: string, models: readonly string[], more: object = {}): string =>
  JSON.stringify({
    context: name,
    size: 10,
    ladder: models.map((one) => ({ step: `with-${one.split('@')[0]}`, model: one })),
    ...more,
  });

export const experiment = (name: string, more: object = {}): Record<string, unknown> => ({
  experiment: name,
  context: 'home',
  variants: [
    { variant: 'a', model: 'old', weight: 0.5 },
    { variant: 'b', model: 'new', weight: 0.5 },
  ],
  outcome: { kinds: ['purchase'] },
  ...more,
});

/** What an outcome publishes, in words. */
export const keysOf = ({ changes }: Outcome): string[] =>
  changes.map(
    ({ topic, key, revision, record }) =>
      `${topic} ${key.split('@')[0]} ${revision}${record === null ? ' gone' : ''}`,
  );

export class Plane {
  readonly state: ControlState = emptyState();
  atMs = 1_700_000_000_000;

  do(kind: string, body: unknown): Outcome {
    this.atMs += 1_000;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const by = { ...facts, seen: this.state.settings ?? facts.seen };
    const outcome = judge({ state: this.state, facts: by, atMs: this.atMs }, { kind, body: text });
    applyChanges(this.state, outcome.changes);
    this.state.settings = outcome.settings ?? this.state.settings;
    return outcome;
  }

  apply(...definitions: readonly string[]): Outcome {
    return this.do('apply', { definitions });
  }

  create(name: string, more: object = {}): Outcome {
    return this.do('experiment.create', { definition: experiment(name, more) });
  }

  start(name: string): Outcome {
    return this.do('experiment.start', { experiment: name });
  }

  stop(name: string, more: object = {}): Outcome {
    return this.do('experiment.stop', { experiment: name, why: 'seen enough', ...more });
  }

  decide(name: string, more: object = {}): Outcome {
    const body = { experiment: name, winner: 'b', sentence: 'b sold 3 % more', ...more };
    return this.do('experiment.decide', body);
  }

  recordOf(name: string): ExperimentRecord {
    const record = experimentOf(this.state, name);
    if (record === undefined) throw new Error(`there is no ${name}`);
    return record;
  }

  /** The newest of a model. */
  versionOf(name: string): string {
    return [...this.state.models.live.keys()].findLast((key) => key.startsWith(`${name}@`)) ?? '';
  }

  /** The one sentence with which `work` is refused; it must have changed nothing. */
  refusal(work: () => Outcome): string {
    const before = encodeState(this.state);
    const { accepted, changes, sentence } = work();
    const isPlain = !accepted && changes.length === 0 && !sentence.includes('\n');
    if (!isPlain || !encodeState(this.state).equals(before)) throw new Error(`not so: ${sentence}`);
    return sentence;
  }

  /** Two models, the older one served. */
  static ready(): Plane {
    const plane = new Plane();
    plane.apply(model('old'), model('new', 60), context('home', ['old']));
    return plane;
  }
}
