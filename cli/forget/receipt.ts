import { textTable } from '../data/text-table.ts';
import type { NamedKey } from './named-keys.ts';
import type { TopicLeft } from './topics-left.ts';

/** What was removed of one fold. */
export interface Removed {
  readonly fold: string;
  readonly keys: number;
  readonly bytes: number;
}

export interface Receipt {
  /** SHA-256 of the salt and the id: with both at hand anybody can see whom the receipt is about. */
  readonly user_hash: string;
  readonly salt: string;
  readonly event_id: string;
  readonly forgotten_at: string;
  readonly removed: readonly Removed[];
  /** Keys that still name the user: there must be none. */
  readonly left: readonly {
    readonly fold: string | null;
    readonly state: NamedKey['state'];
    readonly key: string;
  }[];
  readonly topics: readonly TopicLeft[];
  /** Ids of failed events that hold the user's. */
  readonly failed_events: readonly string[];
  /** Id of the command in control's history; null: it is not there. */
  readonly recorded: string | null;
}

export function removedBy(before: readonly NamedKey[], left: readonly NamedKey[]): Removed[] {
  const there = new Set(left.map(({ key }) => key));
  const gone = before.filter(({ key }) => !there.has(key));
  return [...Map.groupBy(gone, ({ fold }) => fold ?? 'unknown')]
    .map(([fold, keys]) => ({
      fold,
      keys: keys.length,
      bytes: keys.reduce((sum, { bytes }) => sum + bytes, 0),
    }))
    .toSorted((a, b) => (a.fold < b.fold ? -1 : 1));
}

/** What no fold can take back, and why it says nothing of anybody by itself. */
export const staysAlways: readonly string[] = [
  'item figures, weights and figures of experiments: sums over users, without names',
  "ingest's ring: hashes of event ids, until newer ones take their places",
  "neighbours' models: in rows of items a 32-bit hash of the user and one of each visit, and rows of past visits under that hash, until newer ones take their places",
];

const namedMax = 20;
const counted = (n: number): string =>
  n === 1 ? '1 failed event holds' : `${n} failed events hold`;

export function receiptText(receipt: Receipt): string {
  const { removed, left, topics, recorded, failed_events: failed } = receipt;
  const lines = [
    removed.length === 0
      ? 'Nothing in Redis named the user.'
      : textTable(
          ['removed from', 'keys', 'bytes'],
          removed.map(({ fold, keys, bytes }) => [fold, keys, bytes]),
        ),
    '',
    'What stays:',
    ...topics.map(({ topic, users, until }) => `  ${topic} (${wordsFor[users]}): ${until}`),
    ...staysAlways.map((line) => `  ${line}`),
    '',
    failed.length === 0
      ? 'No failed event holds the id.'
      : `${counted(failed.length)} the id, and sent again would make the user known anew. So that nobody does: ` +
        `npx freshet failed drop --why forgotten ${failed.slice(0, namedMax).join(' ')}${failed.length > namedMax ? ' ...' : ''}`,
    `user ${receipt.user_hash.slice(0, 12)} (salt ${receipt.salt}), event ${receipt.event_id}` +
      (recorded === null ? ', NOT in the history' : `, in the history as ${recorded}`),
  ];
  if (left.length > 0) lines.push('', ...left.map(leftText));
  return lines.join('\n');
}

const wordsFor = {
  named: 'names the user',
  traceable: 'leads to the user only with another topic',
  none: 'nothing',
} as const;

export function leftText({ fold, state, key }: Receipt['left'][number]): string {
  if (state === 'kept')
    return `${key} is kept by a generation before: \`npx freshet rebuild ${fold} --drop --yes\``;
  if (state === 'kept set')
    return (
      `${key} is kept by another set of internal topics, which nobody folds: it goes with that set ` +
      '(`npx freshet rebuild --status` says when), or now, and the way back with it: `npx freshet rebuild --drop --yes`'
    );
  if (state === 'building')
    return `${key} is of a generation that is being built: end that, and forget again`;
  if (state === 'unknown')
    return `${key} is of no generation that is known under this prefix: see whose it is`;
  return `${key} is still there: has the user come back since? If not, forget again`;
}
