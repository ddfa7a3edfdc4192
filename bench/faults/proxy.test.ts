import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { openLink, type OwnLink } from './proxy.ts';

/** Says back what it is told, and remembers it. */
let echo: Server;
let heard: string[];
let link: OwnLink;
const clients: Socket[] = [];

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

const echoing = (name = ''): Server =>
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard.push(`${name}${String(bytes)}`);
      socket.write(`${name}${String(bytes)}`);
    });
  });

beforeEach(async () => {
  heard = [];
  echo = echoing();
  link = await openLink(await listening(echo));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await link.close();
  echo.close();
});

interface Client {
  say(text: string): void;
  /** Resolves with the next bytes, or with how the connection ended. */
  next(): Promise<string>;
}

const open = async (): Promise<Client> => {
  const socket = connect({ host: '127.0.0.1', port: link.port });
  clients.push(socket);
  const came: string[] = [];
  let wake = (): void => undefined;
  const hear = (text: string): void => {
    came.push(text);
    wake();
  };
  socket.on('data', (bytes) => hear(String(bytes)));
  socket.on('error', (error: NodeJS.ErrnoException) => hear(error.code ?? error.message));
  socket.on('end', () => hear('end'));
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('error', () => resolve());
  });
  return {
    say: (text) => void socket.write(text),
    next: async () => {
      while (came.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return came.shift() ?? '';
    },
  };
};

const said = async (client: Client, text: string): Promise<string> => {
  client.say(text);
  return client.next();
};

describe('a link', () => {
  test('hands on what is said, both ways, in order, however much', async () => {
    const client = await open();
    expect(await said(client, 'a')).toBe('a');
    const long = 'x'.repeat(3_000_000);
    client.say(long);
    let back = '';
    while (back.length < long.length) back += await client.next();
    expect(back).toBe(long);
  });

  test('delays without changing the order', async () => {
    const client = await open();
    link.delay(30);
    client.say('1');
    await vi.waitFor(() => expect(heard).toEqual(['1']));
    link.delay(0);
    expect(await said(client, '2')).toMatch(/^1/);
    await vi.waitFor(() => expect(heard).toEqual(['1', '2']));
  });

  test('resets what is open, and lets others connect', async () => {
    const client = await open();
    await said(client, 'a');
    link.reset();
    expect(await client.next()).toBe('ECONNRESET');
    expect(await said(await open(), 'b')).toBe('b');
  });

  test('refuses until it is healed', async () => {
    const before = await open();
    link.refuse();
    expect(await before.next()).toBe('ECONNRESET');
    expect(await (await open()).next()).toBe('ECONNRESET');
    link.heal();
    expect(await said(await open(), 'c')).toBe('c');
  });

  test('swallows requests: nobody hears them, and nobody is told', async () => {
    const client = await open();
    await said(client, 'a');
    link.swallow('requests');
    client.say('lost');
    await vi.waitFor(() => expect(link.swallowedBytes).toBe(4));
    expect(heard).toEqual(['a']);
    link.heal();
    // Healed, a stream with a gap is of no use to anybody.
    expect(await client.next()).toBe('ECONNRESET');
  });

  test('swallows replies: what was asked is done, and nobody hears of it', async () => {
    const client = await open();
    link.swallow('replies');
    client.say('done');
    await vi.waitFor(() => expect(heard).toEqual(['done']));
    link.heal();
    expect(await client.next()).toBe('ECONNRESET');
  });

  test('loses the replies of chosen requests, which were done, and no others', async () => {
    const lost = link.loseReplies({ times: 1, of: (bytes) => bytes.includes('write') });
    const client = await open();
    expect(await said(client, 'read')).toBe('read');
    expect(await said(client, 'write 1')).toBe('ECONNRESET');
    expect([heard, lost()]).toEqual([['read', 'write 1'], 1]);
    expect(await said(await open(), 'write 2')).toBe('write 2');
  });

  test('leads elsewhere when it is told to', async () => {
    const other = echoing('other ');
    const client = await open();
    await said(client, 'a');
    link.retarget(await listening(other));
    expect(await client.next()).toBe('ECONNRESET');
    expect(await said(await open(), 'b')).toBe('other b');
    other.close();
  });

  test('tells a client that the other side has gone', async () => {
    await link.close();
    const gone = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('bye');
    });
    link = await openLink(await listening(gone));
    const client = await open();
    expect([await client.next(), await client.next()]).toEqual(['bye', 'end']);
    gone.close();
  });
});
