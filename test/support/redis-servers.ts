import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RedisProcess } from '../../bench/faults/redis-pair.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { fetchDownloads } from '../../stack/downloads.ts';
import { Guardian } from '../../stack/guardian.ts';
import { PortReservations } from '../../stack/ports.ts';
import { redisAnswers } from '../../stack/probes.ts';
import { findRedis } from '../../stack/redis.ts';
import { findMaven } from '../../stack/requirements.ts';

/** Where a server may listen and write. */
export interface Place {
  readonly port: number;
  /** Of the bus of a cluster. */
  readonly busPort: number;
  readonly dir: string;
}

/** Several Redis servers of a test's own, of the program that the stack has. */
export interface RedisServers {
  /** Starts one, with these arguments besides its address and folder. */
  start(name: string, argumentsAt: (place: Place) => readonly string[]): Promise<RedisProcess>;
  close(): Promise<void>;
}

export async function openRedisServers(): Promise<RedisServers> {
  const dir = mkdtempSync(join(tmpdir(), 'freshet-redis-'));
  const environment = stackEnvironment();
  const guardian = await Guardian.start(dir, () => undefined);
  const reserved = new PortReservations(environment.cacheDir);
  const choose = (): Promise<number> => reserved.choose(randomInt(20_000, 31_000));
  const downloads = await fetchDownloads({
    cacheDir: environment.cacheDir,
    findMaven: () => findMaven(environment),
    guardian,
    logFile: join(dir, 'download.log'),
    onProgress: () => undefined,
  });
  const command = findRedis(environment.path, downloads.redisProgram);
  return {
    start: async (name, argumentsAt) => {
      const place = { port: await choose(), busPort: await choose(), dir: join(dir, name) };
      const { port, dir: dataDir } = place;
      mkdirSync(dataDir);
      const here = `--bind 127.0.0.1 --port ${port} --set-proc-title no`.split(' ');
      const args = [...argumentsAt(place), ...here, '--dir', dataDir];
      const logFile = join(dir, `${name}.log`);
      const answers = (): Promise<boolean> => redisAnswers(port);
      const part = { name, title: name, command, args, dir: dataDir, logFile, answers };
      const server = new RedisProcess({ guardian, name, port, dataDir, part: () => part });
      await server.restart();
      return server;
    },
    close: async () => {
      await guardian.stop();
      reserved.release();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
