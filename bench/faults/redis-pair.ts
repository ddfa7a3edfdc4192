import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { LocalPart } from '../../stack/local-part.ts';
import { redisAnswers } from '../../stack/probes.ts';
import { findRedis } from '../../stack/redis.ts';
import { redisArguments } from '../../stack/settings.ts';
import { redisCommand } from '../redis-command.ts';
import type { Making } from './making.ts';
import { PartProcess } from './part-process.ts';
import type { RedisNode } from './row.ts';
import { until } from './waiting.ts';

const replicaMsMax = 30_000;

export class RedisProcess extends PartProcess implements RedisNode {
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  command(text: string): Promise<string> {
    return redisCommand(this.url, text);
  }
}

/** A primary and its replica, and who is which. */
export class RedisPair {
  readonly nodes: readonly RedisProcess[];
  #primary = 0;

  private constructor(nodes: (primary: () => RedisProcess) => readonly RedisProcess[]) {
    this.nodes = nodes(() => this.primary);
  }

  static async make(making: Making): Promise<RedisPair> {
    const ports = [await making.port(), await making.port()];
    return new RedisPair((primary) =>
      ports.map((port, node) => {
        const name = `redis-${node + 1}`;
        const dataDir = join(making.dir, name);
        mkdirSync(dataDir, { recursive: true });
        const part = (): LocalPart => ({
          name,
          title: `Redis (node ${node + 1})`,
          ...startOf(making, { port, dataDir, of: primary().port }),
          dir: dataDir,
          logFile: join(making.logsDir, `${name}.log`),
          answers: async () => redisAnswers(port),
        });
        return new RedisProcess({ guardian: making.guardian, name, port, dataDir, part });
      }),
    );
  }

  get primary(): RedisProcess {
    const node = this.nodes[this.#primary];
    if (node === undefined) throw new Error('there is no primary');
    return node;
  }

  async start(): Promise<void> {
    for (const node of this.nodes) await node.restart();
    await this.inStep();
  }

  /** As a failover does: the other node goes on with what it has got so far. */
  async promote(node: RedisNode): Promise<void> {
    const chosen = this.nodes.findIndex(({ name }) => name === node.name);
    if (chosen < 0) throw new Error(`${node.name} is no node of this pair`);
    await node.command('REPLICAOF NO ONE');
    this.#primary = chosen;
  }

  /** The node that is not the primary follows it again, and has all that it has. */
  async inStep(): Promise<void> {
    const { primary } = this;
    for (const node of this.nodes) {
      if (node === primary || !node.running) continue;
      await node.command(`REPLICAOF 127.0.0.1 ${primary.port}`);
      const linked = async (): Promise<boolean> =>
        (await node.command('INFO replication')).includes('master_link_status:up');
      await until(linked, { withinMs: replicaMsMax, what: `${node.name} follows ${primary.name}` });
    }
  }
}

function startOf(
  making: Making,
  { port, dataDir, of }: { port: number; dataDir: string; of: number },
): Pick<LocalPart, 'command' | 'args'> {
  return {
    command: findRedis(making.path, making.downloads.redisProgram),
    args: [
      ...`--bind 127.0.0.1 --port ${port} --set-proc-title no`.split(' '),
      '--dir',
      dataDir,
      ...redisArguments,
      ...(of === port ? [] : `--replicaof 127.0.0.1 ${of}`.split(' ')),
    ],
  };
}
