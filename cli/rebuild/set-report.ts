import type { CommonConfig } from '../../lib/config/common.ts';
import { partitionsText } from '../../lib/config/topic-set.ts';
import type { TopicSet, TopicSets } from '../../lib/stream/topic-sets.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { comparedText, type withShare } from './report.ts';

interface SetRow extends TopicSet {
  /** What FRESHET_PARTITIONS is for it. */
  readonly setting: string;
  /** Where readers outside find interactions. */
  readonly interactions: string;
}

export interface PartitionsReport {
  readonly from: SetRow;
  readonly to: SetRow;
  /** Folded by this process, by all folds together. */
  readonly records: number;
  readonly seconds: number;
  readonly compared: Readonly<Record<string, ReturnType<typeof withShare>>>;
  readonly switched: boolean;
  /** How long nothing new came into the set before, nor was answered from the one after. */
  readonly switch_ms: number | null;
  /** Per partition of user-events: all below is in the set before, and it stands there. */
  readonly cut: readonly number[] | null;
  readonly kept_until: string | null;
}

export const rowOf = (config: CommonConfig, { set, partitions }: TopicSet): SetRow => ({
  set,
  partitions,
  setting: partitionsText({ set, partitions }),
  interactions: topicName(config.prefix, interactions),
});

export function partitionsReportText(report: PartitionsReport): string {
  const { from, to, records, seconds, compared, switched, cut } = report;
  const lines = [
    `${to.partitions} partitions (set ${to.set}): ${records} records folded in ${seconds.toFixed(1)} s`,
  ];
  for (const [fold, own] of Object.entries(compared)) lines.push(fold, ...comparedText(own));
  if (!switched) {
    lines.push(
      `  not switched. Start services with FRESHET_PARTITIONS=${to.setting} (serving, control, ` +
        'metrics, served and external need not be restarted); the same without --no-switch switches',
    );
    return lines.join('\n');
  }
  const still = report.switch_ms === null ? '' : ` (${Math.round(report.switch_ms)} ms)`;
  lines.push(
    `  current is set ${to.set}${still}: FRESHET_PARTITIONS=${to.setting} from now on; services ` +
      `with ${from.setting} end`,
    `  cut at ${cut?.map((offset, at) => `user-events/${at}: ${offset}`).join(', ') ?? '?'}`,
    `  readers outside: ${from.interactions} ends there; go on in ${to.interactions} with records ` +
      'whose source_offset is not below the cut of their source_partition',
    `  set ${from.set} is kept until ${report.kept_until}: npx freshet rebuild --partitions ` +
      `${from.partitions} --back | --drop`,
  );
  return lines.join('\n');
}

/** Which set is current, and what there is beside it. */
export function setsText({ current, next, kept, cut }: TopicSets): string {
  const named = (one: TopicSet): string =>
    `set ${one.set} (FRESHET_PARTITIONS=${partitionsText(one)})`;
  return [
    `internal topics: ${named(current)} is current`,
    ...(cut?.to === current.set
      ? [`  since ${new Date(cut.atMs).toISOString()}, at ${cut.offsets.join(', ')} of user-events`]
      : []),
    ...(next === null ? [] : [`  ${named(next)} is being filled`]),
    ...kept.map((one) => `  ${named(one)} is kept until ${new Date(one.untilMs).toISOString()}`),
  ].join('\n');
}
