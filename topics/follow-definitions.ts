import { allOrNone } from '../lib/all-or-none.ts';
import { TopicDecoder } from '../lib/avro/decoder.ts';
import type { RegistryPort } from '../lib/avro/registry.ts';
import type { CommonConfig } from '../lib/config/common.ts';
import { type DecodedTable, followDecoded } from '../lib/kafka/decoded-table.ts';
import type { followTable } from '../lib/kafka/table.ts';
import type { Logger } from '../lib/telemetry/log.ts';
import { type Definition, definitionSchema } from '../schemas/generated/definition.ts';
import { contexts } from './contexts.ts';
import { experiments } from './experiments.ts';
import { models } from './models.ts';
import { type Topic, topicName } from './topic.ts';

type Taken =
  | { readonly kind: 'changed' }
  | { readonly kind: 'outdated' }
  | { readonly kind: 'unusable'; readonly faults: readonly string[] };

/** What definitions are told to: the part of a catalogue that a follower needs. */
export interface DefinitionTaker {
  /** `record` is null where the definition was withdrawn. */
  takeModel(key: string, record: Definition | null): Taken;
  takeContext(key: string, record: Definition | null): Taken;
  /** Left out: experiments are not followed. */
  takeExperiment?(key: string, record: Definition | null): Taken;
}

export interface FollowDefinitionsOptions {
  readonly config: Pick<CommonConfig, 'prefix' | 'kafka'>;
  readonly clientId: string;
  readonly registry: RegistryPort;
  readonly catalogue: DefinitionTaker;
  /** Called once everything that stood there at the start is known, then after every change. */
  readonly onChange: () => void;
  /** A record that cannot be used was left out; it has been logged. */
  readonly onRefused?: ((topic: Topic, reason: string) => void) | undefined;
  readonly log: Pick<Logger, 'warn'>;
  readonly onFatal: (error: Error) => void;
  /** For tests: where the records come from. */
  readonly follow?: typeof followTable | undefined;
}

export interface FollowedDefinitions {
  /** False until `onChange` was called first, and while a record waits for its schema. */
  isReady(): boolean;
  /** The topics of which something is not known yet. */
  reading(): readonly string[];
  healthy(): string | null;
  stop(): Promise<void>;
}

/**
 * Follows `models`, `contexts` and, where they are taken, `experiments` from their beginnings into
 * a catalogue. In which order their records come does not matter: each topic is taken by itself.
 */
export const followDefinitions = async (
  options: FollowDefinitionsOptions,
): Promise<FollowedDefinitions> => {
  const { catalogue, onChange } = options;
  const state = { complete: false, stopped: false };
  const tell = (): void => {
    if (state.complete && !state.stopped) onChange();
  };
  const follow = followerOf(options, tell);
  const followed = topicsOf(catalogue);
  const tables = await allOrNone<DecodedTable[]>(
    followed.map(({ topic, take }) => follow(topic, take)),
  );
  Promise.all(tables.map(({ ready }) => ready))
    .then(() => {
      state.complete = true;
      tell();
    })
    .catch(options.onFatal);
  return {
    isReady: () => state.complete && tables.every((table) => table.isReady()),
    reading: () =>
      followed.flatMap(({ topic }, at) => (tables[at]?.isReady() === true ? [] : [topic.thing])),
    healthy: () => tables.reduce<string | null>((found, table) => found ?? table.healthy(), null),
    stop: async () => {
      state.stopped = true;
      await Promise.all(tables.map((table) => table.stop()));
    },
  };
};

type Take = (key: string, record: Definition | null) => Taken;

const topicsOf = (taker: DefinitionTaker): { readonly topic: Topic; readonly take: Take }[] => [
  { topic: models, take: (key, record) => taker.takeModel(key, record) },
  { topic: contexts, take: (key, record) => taker.takeContext(key, record) },
  ...(taker.takeExperiment === undefined
    ? []
    : [
        {
          topic: experiments,
          take: (key, record) => taker.takeExperiment?.(key, record) ?? { kind: 'outdated' },
        } satisfies { topic: Topic; take: Take },
      ]),
];

/** A definition that cannot be used is somebody's mistake: it says which and why. */
const followerOf = (options: FollowDefinitionsOptions, changed: () => void) => {
  const { config, clientId, registry, log, onRefused, onFatal } = options;
  return (of: Topic, take: Take): Promise<DecodedTable> => {
    const topic = topicName(config.prefix, of);
    return followDecoded<Definition>({
      kafka: { ...config.kafka, clientId },
      topic,
      decoder: new TopicDecoder({
        registry,
        subject: `${topic}-value`,
        schema: definitionSchema,
        valueBytesMax: of.messageBytesMax,
      }),
      onValue: (key, record) => {
        const taken = take(key, record);
        if (taken.kind === 'unusable') {
          log.warn({ topic, key, faults: taken.faults }, 'a definition cannot be used');
          onRefused?.(of, 'unusable');
        } else if (taken.kind === 'changed') changed();
      },
      onUnusable: ({ partition, offset }, reason) => {
        log.warn({ topic, partition, offset, reason }, 'a definition cannot be read');
        onRefused?.(of, reason);
      },
      onFatal,
      follow: options.follow,
    });
  };
};
