import { Redis } from 'ioredis';

import type { RedisProcess } from '../../bench/faults/redis-pair.ts';
import { until } from '../../bench/faults/waiting.ts';
import { redisArguments } from '../../stack/settings.ts';
import type { RedisServers } from './redis-servers.ts';

const primaryCount = 3;
const replicaCount = 3;
/** After so long a silent node is taken for dead: a replica is primary about two seconds later. */
const nodeTimeoutMs = 1_500;
const agreeMsMax = 60_000;
const keysAtOnce = 10;

/** Three primaries with a replica each, made and changed as `redis-cli --cluster` would. */
export class RedisCluster {
  readonly nodes: readonly RedisProcess[];
  readonly #ids = new Map<RedisProcess, string>();

  private constructor(nodes: readonly RedisProcess[]) {
    this.nodes = nodes;
  }

  static async make(servers: RedisServers): Promise<RedisCluster> {
    const names = Array.from({ length: primaryCount + replicaCount }, (_, n) => `node-${n + 1}`);
    const start = (name: string): Promise<RedisProcess> =>
      servers.start(name, ({ busPort }) => [
        ...redisArguments,
        ...`--cluster-enabled yes --cluster-port ${busPort}`.split(' '),
        ...`--cluster-node-timeout ${nodeTimeoutMs}`.split(' '),
      ]);
    const cluster = new RedisCluster(await Promise.all(names.map(start)));
    await cluster.#join();
    return cluster;
  }

  get url(): string {
    // Some of them are enough: they name the others.
    const some = this.nodes.slice(1, 4).map(({ port }) => `127.0.0.1:${port}`);
    return `redis+cluster://${some.join(',')}`;
  }

  /** Who serves a slot, when all that are awake say the same. */
  async ownerOf(slot: number): Promise<RedisProcess> {
    const owners = await Promise.all(this.#awake().map((node) => this.#ownerBy(node, slot)));
    const [owner] = owners;
    if (owner === undefined || owners.some((other) => other !== owner)) {
      throw new Error(`the nodes do not agree on slot ${slot}`);
    }
    return owner;
  }

  /** A replica of whoever serves a slot. */
  async replicaOf(slot: number): Promise<RedisProcess> {
    const id = this.#idOf(await this.ownerOf(slot));
    const nodes = await this.#awake()[0]?.command('CLUSTER NODES');
    const line = nodes?.split('\n').find((one) => one.split(' ')[3] === id);
    const found = this.nodes.find((node) => this.#idOf(node) === line?.split(' ')[0]);
    if (found === undefined) throw new Error(`slot ${slot} has no replica`);
    return found;
  }

  async primaries(): Promise<RedisProcess[]> {
    const roles = await Promise.all(this.#awake().map((node) => node.command('ROLE')));
    return this.#awake().filter((_, n) => roles[n]?.includes('master'));
  }

  /** Resolves when a slot is served by another node than this one. */
  async takenFrom(node: RedisProcess, slot: number): Promise<RedisProcess> {
    let owner = node;
    const taken = async (): Promise<boolean> => (owner = await this.ownerOf(slot)) !== node;
    await until(taken, { withinMs: agreeMsMax, what: `slot ${slot} has another primary` });
    await this.whole();
    return owner;
  }

  /** Resolves when every slot is served and everybody knows. */
  async whole(): Promise<void> {
    const served = async (): Promise<boolean> => {
      const infos = await Promise.all(this.#awake().map((node) => node.command('CLUSTER INFO')));
      return infos.every((info) => info.includes('cluster_state:ok'));
    };
    await until(served, { withinMs: agreeMsMax, what: 'the cluster is whole' });
  }

  /** Resolves when every replica has all that its primary has. */
  async inStep(): Promise<void> {
    const linked = async (): Promise<boolean> => {
      const infos = await Promise.all(this.nodes.map((node) => node.command('INFO replication')));
      const slaves = infos.filter((info) => info.includes('role:slave'));
      return (
        slaves.length === replicaCount &&
        slaves.every((info) => info.includes('master_link_status:up'))
      );
    };
    await until(linked, { withinMs: agreeMsMax, what: 'the replicas follow' });
  }

  /** `whenHalf` is called once half of the slot's keys have gone. Returns how many keys there were. */
  async moveSlot(
    slot: number,
    to: RedisProcess,
    whenHalf: () => Promise<void> = async () => undefined,
  ): Promise<number> {
    const from = await this.ownerOf(slot);
    await to.command(`CLUSTER SETSLOT ${slot} IMPORTING ${this.#idOf(from)}`);
    await from.command(`CLUSTER SETSLOT ${slot} MIGRATING ${this.#idOf(to)}`);
    const client = new Redis(from.port, '127.0.0.1');
    try {
      const count = Number(await client.cluster('COUNTKEYSINSLOT', slot));
      let moved = 0;
      let told = false;
      for (;;) {
        if (moved * 2 >= count && !told) {
          told = true;
          await whenHalf();
        }
        const place = [String(slot), String(keysAtOnce)];
        const keys = (await client.callBuffer('CLUSTER', 'GETKEYSINSLOT', ...place)) as Buffer[];
        if (keys.length === 0) break;
        const target = ['127.0.0.1', String(to.port), '', '0', '5000', 'KEYS'];
        await client.call('MIGRATE', ...target, ...keys);
        moved += keys.length;
      }
      // Whoever takes the slot hears of it first, or it would be nobody's for a moment.
      const others = (await this.primaries()).filter((node) => node !== to && node !== from);
      for (const node of [to, from, ...others]) {
        await node.command(`CLUSTER SETSLOT ${slot} NODE ${this.#idOf(to)}`);
      }
      await this.takenFrom(from, slot);
      return moved;
    } finally {
      client.disconnect();
    }
  }

  /** How often all nodes together have refused something in this way: TRYAGAIN, ASK, MOVED. */
  async refusals(kind: string): Promise<number> {
    const infos = await Promise.all(this.#awake().map((node) => node.command('INFO errorstats')));
    const counted = infos.map((info) => new RegExp(`errorstat_${kind}:count=(\\d+)`).exec(info));
    return counted.reduce((sum, found) => sum + Number(found?.[1] ?? 0), 0);
  }

  #awake(): RedisProcess[] {
    return this.nodes.filter(({ running, frozen }) => running && !frozen);
  }

  #idOf(node: RedisProcess): string {
    return this.#ids.get(node) ?? '';
  }

  async #ownerBy(node: RedisProcess, slot: number): Promise<RedisProcess | undefined> {
    for (const line of (await node.command('CLUSTER NODES')).split('\n')) {
      const [id, , flags = '', , , , , , ...ranges] = line.trim().split(' ');
      if (!flags.includes('master') || flags.includes('fail')) continue;
      const holds = ranges.some((range) => {
        const [low = NaN, high = low] = range.split('-').map(Number);
        return slot >= low && slot <= high;
      });
      if (holds) return this.nodes.find((one) => this.#idOf(one) === id);
    }
    return undefined;
  }

  async #join(): Promise<void> {
    const [first] = this.nodes;
    if (first === undefined) throw new Error('a cluster has nodes');
    for (const [n, node] of this.nodes.entries()) {
      const reply = await node.command('CLUSTER MYID');
      this.#ids.set(node, /[0-9a-f]{40}/.exec(reply)?.[0] ?? '');
      await node.command(`CLUSTER SET-CONFIG-EPOCH ${n + 1}`);
      if (n >= primaryCount) continue;
      const low = Math.ceil((n * 16_384) / primaryCount);
      const high = Math.ceil(((n + 1) * 16_384) / primaryCount) - 1;
      await node.command(`CLUSTER ADDSLOTSRANGE ${low} ${high}`);
    }
    for (const node of this.nodes.slice(1)) {
      const bus = Number(/cluster-port\r\n\$\d+\r\n(\d+)/.exec(await busOf(node))?.[1]);
      await first.command(`CLUSTER MEET 127.0.0.1 ${node.port} ${bus}`);
    }
    const known = async (): Promise<boolean> => {
      const infos = await Promise.all(this.nodes.map((node) => node.command('CLUSTER INFO')));
      return infos.every((info) => info.includes(`cluster_known_nodes:${this.nodes.length}`));
    };
    await until(known, { withinMs: agreeMsMax, what: 'the nodes know each other' });
    for (const [n, node] of this.nodes.slice(primaryCount).entries()) {
      const primary = this.nodes[n];
      if (primary !== undefined) await node.command(`CLUSTER REPLICATE ${this.#idOf(primary)}`);
    }
    await this.whole();
    await this.inStep();
  }
}

const busOf = (node: RedisProcess): Promise<string> => node.command('CONFIG GET cluster-port');
