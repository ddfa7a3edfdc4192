import { type Command, InvalidArgumentError } from 'commander';

import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { openAdmin, type PartitionOffsets } from '../../lib/kafka/admin.ts';
import type { LogRecord } from '../../lib/kafka/log-record.ts';
import { topicName } from '../../topics/topic.ts';
import { followFrom } from '../data/follow.ts';
import { type Shown, ShownValues } from '../data/shown-values.ts';
import { findTopic } from '../data/topic-values.ts';
import { partitionsOf } from '../data/topic-writer.ts';

interface TailFlags {
  readonly n: number;
  readonly fromBeginning?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export function registerTailCommand(program: Command): void {
  program
    .command('tail')
    .argument('<topic>', 'for instance user-events, recommendations or failed-events')
    .description('show the newest records of a topic, decoded, one JSON document per line')
    .option('-n <number>', 'how many', whole, 10)
    .option('--from-beginning', 'all of them, from the first that is still there')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--json', 'JSON lines without the position in front')
    .action(tail);
}

async function tail(name: string, flags: TailFlags): Promise<void> {
  const config = commonConfig();
  const topic = findTopic(config, name);
  const fullName = topicName(config.prefix, topic);
  await partitionsOf(config, fullName);
  const offsets = await offsetsOf(config, fullName);
  const values = new ShownValues(config, topic);
  const all = flags.fromBeginning === true;
  const show = (shown: readonly Shown[]): void => {
    for (const one of shown) console.log(flags.json === true ? JSON.stringify(one) : text(one));
  };
  const newest: LogRecord[] = [];
  await readTo(config, {
    topic: fullName,
    bounds: offsets.map((row) =>
      all ? row : { ...row, low: Math.max(row.low, row.high - flags.n) },
    ),
    onRecords: async (records) => {
      if (all) show(await values.show(records));
      else newest.push(...records);
    },
  });
  newest.sort((a, b) => a.timestampMs - b.timestampMs || a.offset - b.offset);
  if (flags.n > 0) show(await values.show(newest.slice(-flags.n)));
  if (flags.follow !== true) return;
  const from: number[] = [];
  for (const { partition, high } of offsets) from[partition] = high;
  const stopped = new Promise<void>((resolve) => process.once('SIGINT', resolve));
  await followUntil(stopped, config, {
    from: new Map([[fullName, from]]),
    onRecords: async (records) => show(await values.show(records)),
  });
}

async function offsetsOf(config: CommonConfig, topic: string): Promise<PartitionOffsets[]> {
  const admin = await openAdmin(config.kafka);
  try {
    return await admin.topicOffsets(topic);
  } finally {
    await admin.close();
  }
}

/** The log may end in records that are never delivered (a transaction's marks): do not wait long. */
const silenceMsMax = 20_000;

interface Bounded {
  readonly topic: string;
  readonly bounds: readonly PartitionOffsets[];
  readonly onRecords: (records: readonly LogRecord[]) => Promise<void>;
}

/** Hands over [low, high) of every partition. */
async function readTo(config: CommonConfig, { topic, bounds, onRecords }: Bounded): Promise<void> {
  const from: number[] = [];
  const open = new Map<number, number>();
  for (const { partition, low, high } of bounds) {
    if (high <= low) continue;
    from[partition] = low;
    open.set(partition, high);
  }
  if (open.size === 0) return;
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(finish, silenceMsMax);
  };
  await followUntil(done, config, {
    from: new Map([[topic, from]]),
    onJoined: heard,
    onRecords: async (records) => {
      const partition = records[0]?.partition ?? -1;
      const end = open.get(partition);
      if (end === undefined) return;
      await onRecords(records.filter(({ offset }) => offset < end));
      if ((records.at(-1)?.offset ?? 0) + 1 >= end) open.delete(partition);
      heard();
      if (open.size === 0) finish();
    },
  });
  clearTimeout(timer);
}

async function followUntil(
  done: Promise<void>,
  config: CommonConfig,
  what: {
    readonly from: ReadonlyMap<string, readonly number[]>;
    readonly onRecords: (records: readonly LogRecord[]) => Promise<void>;
    readonly onJoined?: () => void;
  },
): Promise<void> {
  const failed = Promise.withResolvers<void>();
  const following = await followFrom({
    kafka: config.kafka,
    from: what.from,
    onRecords: async (records) => {
      await what.onRecords(records).catch(failed.reject);
      return undefined;
    },
    onFatal: failed.reject,
  });
  try {
    await following.joined;
    what.onJoined?.();
    await Promise.race([done, failed.promise]);
  } finally {
    await following.stop();
  }
}

function text({ partition, offset, at, key, ...rest }: Shown): string {
  const { value, ...others } = rest;
  const beside = Object.keys(others).length === 0 ? '' : ` ${JSON.stringify(others)}`;
  const content = value === undefined ? '' : ` ${JSON.stringify(value)}`;
  return `${partition}:${offset} ${at} ${key ?? '-'}${content}${beside}`;
}

function whole(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
}
