import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { RefusedError } from '../../lib/errors.ts';
import { type KafkaAdmin, openAdmin } from '../../lib/kafka/admin.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { lostState } from '../../lib/stream/claim.ts';
import { isInForce, settingsBody } from './change-settings.ts';
import { ownCommands } from './own-commands.ts';
import { type CommittedState, readCommitted } from './read-state.ts';
import type { ControlOptions } from './topology.ts';

export interface BeginOptions {
  readonly registry: RegistryPort;
  readonly options: ControlOptions;
  /** Go on where Redis has nothing although there is something to read. */
  readonly bootstrap: boolean;
  /** For a command in a shell, whose settings are nobody's: said where none are in force yet. */
  readonly onlyFirst: boolean;
}

/**
 * What comes before joining: refuses to go on from nothing where something was decided, and puts
 * the settings of this process on the log where others are in force, so that they hold for every
 * command that is sent once it is ready, whichever process decides it. True where it has said them.
 */
export async function begin(config: CommonConfig, given: BeginOptions): Promise<boolean> {
  const { registry, options, bootstrap, onlyFirst } = given;
  const { topics, facts } = options;
  const committed = await committedOf(config);
  const isKnown = committed !== null || bootstrap;
  const end = await endOfCommands(config, topics, { isKnown });
  if (committed !== null && committed.state.settings !== null) {
    // What is not folded yet may be the settings of somebody who has died since.
    const isCaughtUp = end <= committed.next;
    if (onlyFirst || (isCaughtUp && isInForce(committed.state, facts.seen))) return false;
  }
  const outbox = await openOutbox({
    ...config.kafka,
    clientId: `${config.prefix}.control.settings`,
  });
  try {
    const own = await ownCommands(outbox, { registry, topic: topics.commands });
    await own.send('settings.change', settingsBody(facts.seen));
    return true;
  } finally {
    await outbox.close();
  }
}

async function committedOf(config: CommonConfig): Promise<CommittedState | null> {
  const redis = await openRedis(config.redis);
  try {
    return await readCommitted(redis, config.prefix);
  } finally {
    await redis.close();
  }
}

type Topics = ControlOptions['topics'];

/** Throws RefusedError where the topics, or what they hold, cannot be gone on from. */
async function endOfCommands(
  config: CommonConfig,
  topics: Topics,
  { isKnown }: { readonly isKnown: boolean },
): Promise<number> {
  const admin = await openAdmin(config.kafka);
  try {
    const counts = await admin.partitionCounts(Object.values(topics));
    const missing = Object.values(topics).filter((topic) => !counts.has(topic));
    if (missing.length > 0) throw new RefusedError(notThere(missing));
    if (!isKnown) await refuseLostState(admin, topics);
    const [commands] = await admin.topicOffsets(topics.commands);
    return commands?.high ?? 0;
  } finally {
    await admin.close();
  }
}

/** A group of its own has no progress to compare with: that something was answered says as much. */
async function refuseLostState(admin: KafkaAdmin, topics: Topics): Promise<void> {
  if (await holds(admin, topics.results))
    throw new RefusedError(lostState('control', topics.commands, 0));
  for (const topic of [topics.models, topics.contexts, topics.experiments])
    if (await holds(admin, topic)) throw new RefusedError(notOurs(topic));
}

/** Whether anything was ever written there, whatever of it is left. */
export const holds = async (
  admin: Pick<KafkaAdmin, 'topicOffsets'>,
  topic: string,
): Promise<boolean> => (await admin.topicOffsets(topic)).some(({ high }) => high > 0);

const notThere = (missing: readonly string[]): string =>
  `control: topic ${missing.join(', ')} is not there: run \`npx freshet topics apply\``;

/** Readers would keep the revisions that are there, and pass over those that begin at 1. */
const notOurs = (topic: string): string =>
  `control: ${topic} holds definitions that control has not written (a release before it has, or ` +
  'somebody by hand). Begin under another FRESHET_PREFIX; or stop all services, delete the topics of models, ' +
  'contexts and experiments, run `npx freshet topics apply` and apply the definitions again';
