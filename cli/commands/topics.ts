import type { Command } from 'commander';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { setOf } from '../../lib/config/topic-set.ts';
import { openAdmin } from '../../lib/kafka/admin.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import { readTopicSets, setsThere } from '../../lib/stream/topic-sets.ts';
import { topics } from '../../topics/all.ts';
import { applyTopics, diffTopics, readTopics, type TopicChange } from '../../topics/apply.ts';
import { topicName } from '../../topics/topic.ts';
import { print } from '../output.ts';

/** Compares the list with the broker and, where asked to, makes the broker follow. */
export async function reconcileTopics(
  config: CommonConfig,
  doing: 'apply' | 'diff',
): Promise<TopicChange[]> {
  const names = topics.map((topic) => topicName(config.prefix, topic));
  const admin = await openAdmin(config.kafka);
  try {
    const changes = diffTopics(topics, await readTopics(admin, names), config);
    if (doing === 'diff') return changes;
    const refused = changes.flatMap((change) => (change.kind === 'refuse' ? [change.why] : []));
    // All or nothing: a half-applied list is harder to understand than one that was refused.
    const more = refused.length > 1 ? ` (and ${refused.length - 1} more: freshet topics diff)` : '';
    if (refused[0] !== undefined) throw new UserError(`nothing was applied: ${refused[0]}${more}`);
    await applyTopics(changes, admin);
    return changes;
  } finally {
    await admin.close();
  }
}

/** Topics of a set that was dropped, or never begun, would belong to nobody. */
async function refuseUnknownSet({ prefix, redis: at }: CommonConfig): Promise<void> {
  const set = setOf(prefix);
  if (set === 1) return;
  const redis = await openRedis(at);
  try {
    const sets = await readTopicSets(redis, prefix);
    if (setsThere(sets).includes(set)) return;
    throw new UserError(
      `there is no set ${set} of internal topics, which FRESHET_PARTITIONS names: \`npx freshet ` +
        'rebuild --status` says which there are',
    );
  } finally {
    await redis.close();
  }
}

function line(change: TopicChange): string {
  if (change.kind === 'create') {
    const { topic, partitions } = change.spec;
    return `create ${topic} with ${partitions} partition${partitions === 1 ? '' : 's'}`;
  }
  if (change.kind === 'refuse') return `refuse ${change.why}`;
  const settings = change.differing.map(({ name, from, to }) => `${name} from ${from} to ${to}`);
  return `set    ${change.topic}: ${settings.join(', ')}`;
}

export function registerTopicCommands(program: Command): void {
  const command = program.command('topics').description('create topics, and keep them as listed');
  command
    .command('apply')
    .description('create missing topics and correct settings; partition counts are never changed')
    .option('--json', 'print JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      await refuseUnknownSet(commonConfig());
      const changes = await reconcileTopics(commonConfig(), 'apply');
      const text = changes.map(line).join('\n');
      const nothing = `all ${topics.length} topics are as listed`;
      print({ json }, { topics: topics.length, changes }, text === '' ? nothing : text);
    });
  command
    .command('diff')
    .description('say what `apply` would do; exits 1 if there is something')
    .option('--json', 'print JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      const changes = await reconcileTopics(commonConfig(), 'diff');
      const text = changes.map(line).join('\n');
      const nothing = `all ${topics.length} topics are as listed`;
      print({ json }, { topics: topics.length, changes }, text === '' ? nothing : text);
      process.exitCode = changes.length > 0 ? 1 : 0;
    });
}
