import { findAll, replayAll } from '../../cli/failed/work.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';

/** An event that ingest refuses, and a fix makes good. */
export const jsonEvent = (topic: string): OutMessage => ({
  topic,
  partition: 0,
  key: 'u1',
  value: Buffer.from(
    '{"event_id":"json-1","user_id":"u1","item_id":"i1","type":"view","occurred_at":1700000000000}',
  ),
});

/** What `freshet failed` does, as a principal of that name: what was sent, and the states then. */
export async function repairsAll(config: CommonConfig): Promise<readonly [number, string[]]> {
  const { entries } = await findAll(config);
  const options = { fix: { as: 'json' }, by: 'repairers', isDryRun: false, shownMax: 0 };
  const { replayed } = await replayAll(config, entries, options);
  const after = await findAll(config);
  return [replayed, after.entries.map(({ state }) => state)];
}
