import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inject, onTestFinished, test } from 'vitest';

import { openLink } from '../../bench/faults/proxy.ts';
import { until } from '../../bench/faults/waiting.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';

const name = 'main';

/** A sentinel that speaks as much as clients ask of one, and answers when it is let. */
class ScriptedSentinel {
  readonly #server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (asked) => {
      for (const command of asked.toString().split(/(?=\*\d+\r\n)/)) this.#hear(socket, command);
    });
  });
  readonly #listening = new Set<Socket>();
  readonly #primary: number;
  /** Resolves when the question for the primary may be answered. */
  letAnswer: () => Promise<void> = async () => undefined;

  constructor(primary: number) {
    this.#primary = primary;
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#listening) socket.destroy();
    this.#server.close();
  }

  get listeners(): number {
    return this.#listening.size;
  }

  /** What sentinels say when another node has become the primary. */
  tellOfFailover(): void {
    const said = `${name} 127.0.0.1 1 127.0.0.1 ${this.#primary}`;
    for (const socket of this.#listening) socket.write(pushOf('message', '+switch-master', said));
  }

  #hear(socket: Socket, asked: string): void {
    if (/hello/i.test(asked)) {
      socket.write(`%1\r\n${bulk('proto')}:3\r\n`);
    } else if (/subscribe/i.test(asked)) {
      this.#listening.add(socket);
      socket.on('close', () => this.#listening.delete(socket));
      socket.write(`>3\r\n${bulk('subscribe')}${bulk('+switch-master')}:1\r\n`);
    } else if (/get-master-addr-by-name/i.test(asked)) {
      const port = String(this.#primary);
      void this.letAnswer().then(() => socket.write(`*2\r\n${bulk('127.0.0.1')}${bulk(port)}`));
    } else {
      socket.write('+OK\r\n');
    }
  }
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const pushOf = (...texts: string[]): string => `>${texts.length}\r\n${texts.map(bulk).join('')}`;

test('a failover that is told while the primary is asked for ends no client', async () => {
  const link = await openLink(Number(new URL(inject('redisUrl')).port));
  onTestFinished(() => link.close());
  const sentinel = new ScriptedSentinel(link.port);
  const port = await sentinel.open();
  onTestFinished(() => sentinel.close());
  const redis = await openRedis({ url: `redis+sentinel://127.0.0.1:${port}/${name}` });
  onTestFinished(() => redis.close());
  const within = { withinMs: 10_000 };
  await until(async () => sentinel.listeners > 0, { ...within, what: 'the client listens' });
  const told = new Promise<void>((resolve) => {
    sentinel.letAnswer = async () => {
      sentinel.letAnswer = async () => undefined;
      sentinel.tellOfFailover();
      // The client takes its listeners down when it has heard.
      await until(async () => sentinel.listeners === 0, {
        ...within,
        what: 'the client has heard',
      });
      resolve();
    };
  });
  link.reset();
  await told;
  const answers = async (): Promise<boolean> => (await redis.getString(name)) === null;
  await until(answers, { ...within, what: 'the client answers again' });
  await until(async () => sentinel.listeners > 0, { ...within, what: 'the client listens again' });
});
