import type { ExperimentRecord } from '../../experiments/definition.ts';
import type { DefinitionRecord } from '../../models/catalogue.ts';
import type { ContextDefinition } from '../../models/definitions.ts';
import type { ControlSettings } from './outcome.ts';

export type DefinitionTopic = 'models' | 'contexts' | 'experiments';

/** In this order they are published: what names something comes after it. */
export const definitionTopics: readonly DefinitionTopic[] = ['models', 'experiments', 'contexts'];

/** One record to publish; null: the key is withdrawn, which takes a revision too. */
export interface Change {
  readonly topic: DefinitionTopic;
  readonly key: string;
  readonly revision: number;
  readonly record: DefinitionRecord | null;
}

/** What one topic has to say. */
export interface Definitions {
  /** In the order in which each version was published. */
  readonly live: Map<string, DefinitionRecord>;
  /** Revision of the withdrawal, so that a key which comes again goes on from there. */
  readonly gone: Map<string, number>;
}

/**
 * Everything that the control plane knows of definitions: what it has published, and nothing else.
 * So the topics can be made to say it again at any time.
 */
export type ControlState = Readonly<Record<DefinitionTopic, Definitions>> & {
  /**
   * What commands are judged by, as of here in the log: processes that were started under different
   * settings would else decide one command in two ways. Null: no command has said so yet.
   */
  settings: ControlSettings | null;
};

/** Withdrawn keys that are remembered, per topic. */
export const goneMax = 10_000;

export const emptyState = (): ControlState => ({
  models: { live: new Map(), gone: new Map() },
  experiments: { live: new Map(), gone: new Map() },
  contexts: { live: new Map(), gone: new Map() },
  settings: null,
});

export const revisionOf = (state: ControlState, topic: DefinitionTopic, key: string): number =>
  state[topic].live.get(key)?.revision ?? state[topic].gone.get(key) ?? 0;

/** A change that publishes `version` under the key's next revision. */
export const publication = (
  state: ControlState,
  topic: DefinitionTopic,
  given: {
    readonly key: string;
    readonly version: Pick<DefinitionRecord, 'name' | 'version' | 'content'>;
  },
): Change => {
  const { key, version: of } = given;
  const revision = revisionOf(state, topic, key) + 1;
  const { name, version, content } = of;
  return { topic, key, revision, record: { name, version, revision, content } };
};

export const withdrawal = (state: ControlState, topic: DefinitionTopic, key: string): Change => ({
  topic,
  key,
  revision: revisionOf(state, topic, key) + 1,
  record: null,
});

/** Changes the state in place. */
export const applyChanges = (state: ControlState, changes: readonly Change[]): void => {
  for (const { topic, key, revision, record } of changes) {
    const { live, gone } = state[topic];
    if (record !== null) {
      live.set(key, record);
      gone.delete(key);
      continue;
    }
    live.delete(key);
    gone.set(key, revision);
    const oldest = gone.size > goneMax ? gone.keys().next().value : undefined;
    if (oldest !== undefined) gone.delete(oldest);
  }
};

/** What was published was checked before: it is only read. */
const parsed = new WeakMap<DefinitionRecord, unknown>();
const contentOf = <T>(record: DefinitionRecord): T => {
  const known = parsed.get(record) as T | undefined;
  if (known !== undefined) return known;
  const content = JSON.parse(record.content) as T;
  parsed.set(record, content);
  return content;
};

export const contextOf = (state: ControlState, name: string): ContextDefinition | undefined => {
  const record = state.contexts.live.get(name);
  return record === undefined ? undefined : contentOf<ContextDefinition>(record);
};

export const contextsOf = (state: ControlState): ContextDefinition[] =>
  [...state.contexts.live.values()].map((record) => contentOf<ContextDefinition>(record));

export const experimentOf = (state: ControlState, name: string): ExperimentRecord | undefined => {
  const record = state.experiments.live.get(name);
  return record === undefined ? undefined : contentOf<ExperimentRecord>(record);
};

export const experimentsOf = (state: ControlState): ExperimentRecord[] =>
  [...state.experiments.live.values()].map((record) => contentOf<ExperimentRecord>(record));

export const runningOn = (state: ControlState, context: string): ExperimentRecord[] =>
  experimentsOf(state).filter(
    ({ state: is, definition }) => is === 'running' && definition.context === context,
  );

interface StoredDefinitions {
  readonly live: readonly (readonly [string, DefinitionRecord])[];
  readonly gone: readonly (readonly [string, number])[];
}
type Stored = Readonly<Partial<Record<DefinitionTopic, StoredDefinitions>>> & {
  readonly settings?: ControlSettings;
};

/** Version of the stored layout: part of the fold's identity. */
export const stateLayout = 1;

export const encodeState = (state: ControlState): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...Object.fromEntries(
        definitionTopics.map((topic) => {
          const { live, gone } = state[topic];
          return [topic, { live: [...live], gone: [...gone] }];
        }),
      ),
      ...(state.settings === null ? {} : { settings: state.settings }),
    }),
  );

export const decodeState = (bytes: Buffer): ControlState => {
  const stored = JSON.parse(bytes.toString('utf8')) as Stored;
  const state = emptyState();
  state.settings = stored.settings ?? null;
  for (const topic of definitionTopics) {
    for (const [key, record] of stored[topic]?.live ?? []) state[topic].live.set(key, record);
    for (const [key, revision] of stored[topic]?.gone ?? []) state[topic].gone.set(key, revision);
  }
  return state;
};
