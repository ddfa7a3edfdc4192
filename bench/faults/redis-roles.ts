import type { FaultBed, RedisNode } from './row.ts';

/** The node that is written to now: rows before may have promoted the other one. */
export async function primaryOf(bed: Pick<FaultBed, 'redisNodes'>): Promise<RedisNode> {
  for (const node of bed.redisNodes) {
    if (node.running && (await node.command('ROLE')).includes('master')) return node;
  }
  throw new Error('there is no primary');
}

/** A number from one section of INFO. */
export async function infoOf(node: RedisNode, section: string, name: string): Promise<number> {
  const text = await node.command(`INFO ${section}`);
  const value = new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`Redis does not say its ${name}`);
  return Number(value);
}
