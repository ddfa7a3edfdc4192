import { registryPath } from '../../stack/settings.ts';
import { openLink } from './proxy.ts';
import type { OpenLink } from './row.ts';

/** Somebody who connects to the parts, past links that are nobody else's. */
export interface Client {
  readonly name: string;
  /** One per broker. */
  readonly kafka: readonly OpenLink[];
  readonly redis: OpenLink;
  readonly registry: OpenLink;
  /** What it must be told to go past the links. */
  readonly environment: Readonly<Record<string, string>>;
  heal(): void;
  close(): Promise<void>;
}

export interface Targets {
  /** By client, the port of its listener at each broker. */
  readonly brokerPorts: ReadonlyMap<string, readonly number[]>;
  readonly redisPort: number;
  readonly registryPort: number;
}

export async function openClients(
  names: readonly string[],
  targets: Targets,
): Promise<readonly Client[]> {
  const clients: Client[] = [];
  for (const name of names) {
    const kafka: OpenLink[] = [];
    for (const port of targets.brokerPorts.get(name) ?? []) kafka.push(await openLink(port));
    const redis = await openLink(targets.redisPort);
    const registry = await openLink(targets.registryPort);
    const links = [...kafka, redis, registry];
    clients.push({
      name,
      kafka,
      redis,
      registry,
      environment: {
        FRESHET_KAFKA_BROKERS: kafka.map(({ port }) => `127.0.0.1:${port}`).join(','),
        FRESHET_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        FRESHET_REGISTRY_URL: `http://127.0.0.1:${registry.port}${registryPath}`,
      },
      heal: () => {
        for (const link of links) link.heal();
      },
      close: async () => {
        for (const link of links) await link.close();
      },
    });
  }
  return clients;
}
