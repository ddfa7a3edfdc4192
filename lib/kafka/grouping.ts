// kafkajs 2.2.4 copies all messages of a partition for each message that it adds to them: a slice
// of 4,096 records costs eight million copies, a quarter of all CPU of a service that emits one
// record per event. This file is imported before kafkajs is, and puts a function of the same
// meaning in the place of the one at fault.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

interface Grouping<Message> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly Message[];
  readonly partitioner: (about: {
    topic: string;
    partitionMetadata: readonly unknown[];
    message: Message;
  }) => number;
}

/** Messages by partition, each partition's in the order of the call. */
export function groupOnce<Message>(grouping: Grouping<Message>): Record<number, Message[]> {
  const { topic, partitionMetadata, messages, partitioner } = grouping;
  const groups: Record<number, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    (groups[partitioner({ topic, partitionMetadata, message })] ??= []).push(message);
  }
  return groups;
}

// kafkajs has no "exports" map, so its inner files can be required.
const load = createRequire(import.meta.url);
const file = load.resolve('kafkajs/src/producer/groupMessagesPerPartition');

/** What is replaced: a unit test compares its hash, so that another kafkajs is noticed. */
export const replaced = load(file) as typeof groupOnce;
export const replacedSource = createHash('sha256').update(String(replaced)).digest('hex');

// Who has run kafkajs has its function already, and would keep it unnoticed. (Being in the cache is
// not enough: imports are listed there before they run.)
if (load.cache[load.resolve('kafkajs/src/producer/sendMessages')]?.loaded === true) {
  throw new Error('lib/kafka/kafkajs.ts must be the first to import kafkajs');
}
const module = load.cache[file];
if (module !== undefined) module.exports = groupOnce;
