import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RedisProcess } from '../../bench/faults/redis-pair.ts';
import { until } from '../../bench/faults/waiting.ts';
import { redisArguments } from '../../stack/settings.ts';
import type { Place, RedisServers } from './redis-servers.ts';

const name = 'main';
const downAfterMs = 1_500;
const agreeMsMax = 60_000;
const sentinelCount = 3;

/** A primary, two replicas, and three sentinels that watch over them. */
export class RedisSentinels {
  readonly nodes: readonly RedisProcess[];
  readonly #sentinels: readonly RedisProcess[];

  private constructor(nodes: readonly RedisProcess[], sentinels: readonly RedisProcess[]) {
    this.nodes = nodes;
    this.#sentinels = sentinels;
  }

  static async make(servers: RedisServers): Promise<RedisSentinels> {
    const primary = await servers.start('redis-1', () => redisArguments);
    const follows = ['--replicaof', '127.0.0.1', String(primary.port)];
    const replica = (one: string): Promise<RedisProcess> =>
      servers.start(one, () => [...redisArguments, ...follows]);
    const replicas = [await replica('redis-2'), await replica('redis-3')];
    const names = Array.from({ length: sentinelCount }, (_, n) => `sentinel-${n + 1}`);
    const settings = (place: Place): readonly string[] => [
      settingsFile(place, primary),
      '--sentinel',
    ];
    const sentinels = await Promise.all(names.map((one) => servers.start(one, settings)));
    const made = new RedisSentinels([primary, ...replicas], sentinels);
    await made.inStep();
    return made;
  }

  get url(): string {
    const addresses = this.#sentinels.map(({ port }) => `127.0.0.1:${port}`);
    return `redis+sentinel://${addresses.join(',')}/${name}`;
  }

  async primary(): Promise<RedisProcess> {
    const replies = await Promise.all(
      this.#sentinels.map((one) => one.command(`SENTINEL GET-MASTER-ADDR-BY-NAME ${name}`)),
    );
    const found = this.nodes.find(({ port }) =>
      replies.every((reply) => reply.includes(`\r\n${port}\r\n`)),
    );
    if (found === undefined) throw new Error('the sentinels do not agree on the primary');
    return found;
  }

  /** Resolves when another node than this one is the primary, and knows it. */
  async takenFrom(node: RedisProcess): Promise<RedisProcess> {
    let primary = node;
    const taken = async (): Promise<boolean> => {
      primary = await this.primary();
      return primary !== node && (await primary.command('ROLE')).includes('master');
    };
    await until(taken, { withinMs: agreeMsMax, what: `${node.name} is replaced` });
    return primary;
  }

  /** Resolves when every replica that runs has all that the primary has, and sentinels know them. */
  async inStep(): Promise<void> {
    const linked = async (): Promise<boolean> => {
      const primary = await this.primary();
      const others = this.nodes.filter((node) => node !== primary && node.running && !node.frozen);
      const infos = await Promise.all(others.map((node) => node.command('INFO replication')));
      const seen = await Promise.all(
        this.#sentinels.map((one) => one.command(`SENTINEL MASTER ${name}`)),
      );
      return (
        infos.every((info) => info.includes(`master_port:${primary.port}`)) &&
        infos.every((info) => info.includes('master_link_status:up')) &&
        seen.every((said) => /num-slaves\r\n\$1\r\n2\r\n/.test(said)) &&
        seen.every((said) => /num-other-sentinels\r\n\$1\r\n2\r\n/.test(said))
      );
    };
    await until(linked, { withinMs: agreeMsMax, what: 'the replicas follow' });
  }

  /** From now on what the primary acknowledges reaches no replica, as when a link is slow. */
  async cutReplication(): Promise<void> {
    const primary = await this.primary();
    await primary.command('ACL SETUSER default -psync');
    await primary.command('CLIENT KILL TYPE replica');
  }
}

/** Sentinels write what they learn into their settings. */
function settingsFile({ dir }: Place, { port }: RedisProcess): string {
  const file = join(dir, 'sentinel.conf');
  const lines = [
    `sentinel monitor ${name} 127.0.0.1 ${port} 2`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} 5000`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
