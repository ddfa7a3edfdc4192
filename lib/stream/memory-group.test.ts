import { type LogPort, logConformance } from './log.conformance.ts';
import { MemoryGroups } from './memory-group.ts';
import { memoryAdmin, MemoryLog, plainLine } from './memory-log.ts';

const kafka = { brokers: [], clientId: 'memory' };

logConformance('in memory', async (): Promise<LogPort> => {
  const log = new MemoryLog();
  const groups = new MemoryGroups(log);
  const [topic, groupId] = ['t', 'g'];
  log.create(topic, 2);
  return {
    topic,
    groupId,
    admin: memoryAdmin(log, groups, plainLine),
    send: async (messages) => {
      for (const message of messages) log.append(message);
    },
    join: (options) => groups.join({ ...options, kafka, groupId, topics: [topic] }, plainLine),
    trim: async (partition, low) => log.trim(topic, partition, low),
  };
});
