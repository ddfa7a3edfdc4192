import { Redis, type RedisOptions } from 'ioredis';

const againMs = 100;

/**
 * A client that only `disconnect` ends. ioredis ends by itself, whatever its strategies of retrying
 * say, where one sentinel tells of a failover while another one is being asked for the primary: its
 * detector of failovers takes the connector down, and what is not connected yet counts as given up.
 * Every command would be refused from then on, for as long as the process runs.
 */
export class SentinelClient extends Redis {
  #wanted = true;

  constructor(options: Omit<RedisOptions, 'replyMapping'>) {
    super(options);
    this.on('end', () => {
      setTimeout(() => {
        if (this.#wanted) this.connect().catch(() => undefined);
      }, againMs);
    });
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#wanted = false;
    super.disconnect(reconnect);
  }
}
