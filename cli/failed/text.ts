import { readable } from '../data/readable.ts';
import { textTable } from '../data/text-table.ts';
import { type Entry, shortId } from './entries.ts';
import { countsOf, type Group } from './groups.ts';
import { type State, states } from './outcomes.ts';
import type { ReplayReport } from './work.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();

const toTheSecond = (ms: number): string => iso(ms).replace(/\.\d+Z$/, 'Z');

/** How a table is shown. */
export interface Table {
  readonly limit: number;
  readonly prefix: string;
}

const inAll = (entries: readonly Pick<Entry, 'state'>[]): string => {
  const counts = countsOf(entries);
  return states.map((state) => `${counts[state]} ${state}`).join(', ');
};

export function groupsText(
  groups: readonly Group[],
  entries: readonly Entry[],
  { limit, prefix }: Table,
): string {
  if (groups.length === 0) return 'nothing has failed, as far as was asked';
  const rows = groups
    .slice(0, limit)
    .map(({ stage, reason, producer, counts, firstSeenMs, lastSeenMs, example }) => [
      stage,
      reason,
      producer,
      ...states.map((state) => counts[state]),
      toTheSecond(firstSeenMs),
      toTheSecond(lastSeenMs),
      shortId(example, prefix),
    ]);
  const head = ['stage', 'reason', 'producer', ...states, 'first seen', 'last seen', 'one of them'];
  const more = groups.length > limit ? [`(and ${groups.length - limit} more rows)`] : [];
  return [textTable(head, rows), ...more, `in all: ${inAll(entries)}`].join('\n');
}

export function entriesText(entries: readonly Entry[], { limit, prefix }: Table): string {
  if (entries.length === 0) return 'nothing has failed, as far as was asked';
  const rows = newestFirst(entries)
    .slice(0, limit)
    .map(({ id, atMs, reason, producer, state }) => [
      shortId(id, prefix),
      toTheSecond(atMs),
      reason,
      producer,
      state,
    ]);
  const more = entries.length > limit ? [`(and ${entries.length - limit} more)`] : [];
  const head = ['id', 'seen', 'reason', 'producer', 'state'];
  return [textTable(head, rows), ...more, `in all: ${inAll(entries)}`].join('\n');
}

export const newestFirst = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((a, b) => b.atMs - a.atMs);

const stateWords: Readonly<Record<State, string>> = {
  open: 'stay open',
  replayed: 'were sent',
  accepted: 'count already',
  dropped: 'were dropped',
};

export function replayText(report: ReplayReport, { isDryRun, left }: ReplayWords): string {
  const { replayed, accepted, open, whys, once_by: onceBy, shown } = report;
  const lines = shown.flatMap(({ entry, before, after, fate }) =>
    after === null && before === null
      ? []
      : [
          entry.id,
          `  before  ${JSON.stringify(readable(before))}`,
          `  after   ${after === null ? '-' : JSON.stringify(readable(after))}`,
          `  ${fate.kind === 'send' ? 'would be taken' : fate.why}`,
        ],
  );
  for (const { why, count, example } of whys) lines.push(`${count}: ${why} (${example})`);
  const sent = isDryRun ? 'would be sent' : stateWords.replayed;
  lines.push(
    `${replayed} ${sent}, ${accepted} ${stateWords.accepted}, ${open} ${stateWords.open}.${onceText(onceBy)}`,
  );
  if (left > 0) lines.push(`${left} more are meant: run it again, or with a higher --limit.`);
  return lines.join('\n');
}

export interface ReplayWords {
  readonly isDryRun: boolean;
  readonly left: number;
}

/** What a second replay of the same comes to. */
function onceText(onceBy: Readonly<Record<string, number>>): string {
  const of = (by: string): number => onceBy[by] ?? 0;
  const parts = [
    ...(of('event_id') > 0 ? [' A second replay changes nothing: they keep their event ids.'] : []),
    ...(of('position') > 0
      ? [
          ` ${of('position')} had no id: they have one made of their position, so a second replay changes nothing, but one that the producer sends anew counts too.`,
        ]
      : []),
    ...(of('newest') > 0 ? [' Lists have no ids: the newest by computed_at counts.'] : []),
  ];
  return parts.join('');
}
