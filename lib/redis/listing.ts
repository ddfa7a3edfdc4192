import { Cluster, type Redis } from 'ioredis';

import { RetryableError } from '../errors.ts';
import type { Client } from './connect.ts';
import { slotsMax } from './slot.ts';

const keysPerPage = 1_000;

interface Layout {
  readonly nodes: readonly Redis[];
  /** Equal texts: no key can have gone from one node to another in between. */
  readonly text: string;
}

/**
 * All keys that match, primary by primary, in pages, without order; a key may come twice. A
 * listing during which a slot moved, or another server took over, could have passed keys by: it
 * throws at its end (or where it begins) instead of being taken for whole.
 */
export async function* listKeys(client: Client, pattern: string): AsyncGenerator<string[]> {
  const layoutNow = (): Promise<Layout> =>
    client instanceof Cluster ? clusterLayout(client) : serverLayout(client);
  const before = await layoutNow();
  for (const node of before.nodes) {
    let cursor = '0';
    do {
      const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', keysPerPage);
      cursor = next;
      if (keys.length > 0) yield keys;
    } while (cursor !== '0');
  }
  if ((await layoutNow()).text !== before.text) throw moved();
}

const moved = (): RetryableError =>
  new RetryableError(
    'Redis changed while its keys were listed (a failover, a restart, or slots that moved), so some ' +
      'may be missing from the list: try again',
  );

/** A cursor means something to the process that gave it, and to no other one. */
async function serverLayout(client: Redis): Promise<Layout> {
  const runId = /^run_id:(\S+)/m.exec(await client.info('server'))?.[1] ?? '';
  return { nodes: [client], text: runId };
}

async function clusterLayout(client: Cluster): Promise<Layout> {
  const nodes = client.nodes('master');
  const own = await Promise.all(
    nodes.map(async (node) => ownSlots(String(await node.cluster('NODES')))),
  );
  if (own.some(({ moving }) => moving)) {
    throw new RetryableError(
      'slots of the Redis Cluster are on the move, so that its keys cannot be listed: try again ' +
        'when they are not (`redis-cli --cluster check` says)',
    );
  }
  if (own.reduce((sum, { slots }) => sum + slots, 0) !== slotsMax) {
    throw new RetryableError(
      'not every slot of the Redis Cluster has a primary that answers, so its keys cannot be listed',
    );
  }
  const text = own
    .map(({ line }) => line)
    .toSorted()
    .join('\n');
  return { nodes, text };
}

export interface OwnSlots {
  /** Id, epoch and slots of the node that was asked. */
  readonly line: string;
  readonly slots: number;
  readonly moving: boolean;
}

/** What a node says of itself in the reply to CLUSTER NODES. */
export function ownSlots(reply: string): OwnSlots {
  const words = reply
    .split('\n')
    .map((line) => line.trim().split(' '))
    .find(([, , flags = '']) => flags.split(',').includes('myself'));
  const [id = '', , flags = '', , , , epoch = '', , ...ranges] = words ?? [];
  const isPrimary = flags.split(',').includes('master');
  const slots = isPrimary ? ranges.filter((range) => !range.startsWith('[')).map(width) : [];
  return {
    line: [id, epoch, ...ranges].join(' '),
    slots: slots.reduce((sum, one) => sum + one, 0),
    moving: ranges.some((range) => range.startsWith('[')),
  };
}

const width = (range: string): number => {
  const [first = 0, last = first] = range.split('-').map(Number);
  return last - first + 1;
};
