import type { RedisPort } from '../../lib/redis/redis-port.ts';
import type { CurrentGeneration } from '../../lib/stream/current.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { parseContext } from '../../models/definitions.ts';
import { emptyRanking, place, rankings as rankingRows } from '../../models/trending/ranking.ts';
import type { ReadBounds } from '../../retrieval/learned-reads.ts';
import { seenEntryBytes, seenHeaderBytes, seenLayout } from '../../schemas/packed/seen-items.ts';
import type { Accepted } from './request.ts';

const home = parseContext(
  '{"context":"home","size":2,"ladder":[{"step":"any","model":"m@0123456789ab"}]}',
);
if (!home.ok) throw new Error(home.faults.join());
const homeDefinition = home.value;

/** What tests of this folder share: no broker, no Redis, no clock. */

/** A Redis of one node that counts its round trips. */
export class FakeRedis implements Pick<RedisPort, 'mgetMany' | 'getRanges' | 'getString'> {
  readonly values = new Map<string, Buffer>();
  roundTrips = 0;

  mgetMany(groups: readonly (readonly string[])[]): Promise<(Buffer | null)[][]> {
    this.roundTrips += 1;
    for (const group of groups) {
      const tags = new Set(group.map((key) => key.slice(0, key.indexOf('}'))));
      if (tags.size !== 1) throw new Error('CROSSSLOT');
    }
    return Promise.resolve(groups.map((group) => group.map((key) => this.values.get(key) ?? null)));
  }

  getRanges(
    requests: readonly { readonly key: string; readonly start: number; readonly end: number }[],
  ): Promise<Buffer[]> {
    this.roundTrips += 1;
    return Promise.resolve(
      requests.map(
        ({ key, start, end }) => this.values.get(key)?.subarray(start, end + 1) ?? Buffer.alloc(0),
      ),
    );
  }

  getString(key: string): Promise<string | null> {
    return Promise.resolve(this.values.get(key)?.toString() ?? null);
  }
}

export const current = (
  name: string,
  code: string,
  family: 'user' | 'item',
): CurrentGeneration => ({
  name,
  hash: `${name}-hash`,
  id4: 'abcd',
  lineage: 'lineage-0001',
  code,
  family,
  partitions: 4,
});

export const requestRecord = (change: Partial<LogRecord> = {}): LogRecord => ({
  topic: 'freshet.requests.v1',
  partition: 1,
  offset: 7,
  timestampMs: 1_000,
  key: Buffer.from('u1'),
  value: Buffer.from('x'),
  headers: {},
  ...change,
});

/** A request that was found to be in order, of a context without rules. */
export const acceptedRequest = (
  offset: number,
  { userId = 'u1', deadlineMs = null }: { userId?: string; deadlineMs?: number | null } = {},
): Accepted => ({
  kind: 'accepted',
  record: requestRecord({ offset }),
  reply: { headers: {}, topic: null, partition: null, fault: null },
  request: {
    user_id: userId,
    context_id: 'home',
    count: null,
    exclude: [],
    session: [],
    deadline_at: deadlineMs,
    attributes: {},
    page_token: null,
    consent: true,
  },
  context: { version: 'home@0123456789ab', revision: 1, definition: homeDefinition },
  wanted: 2,
  deadlineMs,
  page: null,
});

export const readBounds: ReadBounds = {
  rowsBytesMax: 1_000_000,
  figuresAgeMsMax: 0,
  figuresMax: 1_000,
  rankingAgeMsMax: 1_000,
};

/** The stored bytes of items seen at one time, as schemas/packed/seen-items.ts describes them. */
export const seenBytes = (
  ids: readonly string[],
  { atMs, kinds }: { readonly atMs: number; readonly kinds: number },
): Buffer => {
  const head = Buffer.alloc(seenHeaderBytes);
  head[0] = seenLayout;
  const entries = ids.map((id) => {
    const entry = Buffer.alloc(seenEntryBytes);
    entry.writeUInt32LE(atMs / 1000);
    entry[4] = kinds;
    entry[5] = id.length;
    return Buffer.concat([entry, Buffer.from(id)]);
  });
  return Buffer.concat([head, ...entries]);
};

/** A shared ranking, best first, as `learning` stores it. */
export const rankingBytes = (...ids: string[]): Buffer => {
  const made = emptyRanking();
  for (const [index, item] of ids.entries())
    place(made, { item, weight: 100 - index, itemsMax: 50 });
  const encoded = rankingRows.encode(made);
  if (!('whole' in encoded)) throw new Error('not whole');
  return encoded.whole;
};
