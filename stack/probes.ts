import { connect } from 'node:net';

/** Asks whether a part answers. Every probe says false rather than throw, and gives up by itself. */
const probeMsMax = 2_000;

/** Sends some bytes and hands on what comes back until `read` has an opinion. */
async function exchange(
  port: number,
  request: Buffer,
  read: (answer: Buffer) => boolean | undefined,
): Promise<boolean> {
  return new Promise((done) => {
    let received = Buffer.alloc(0);
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request));
    const end = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(probeMsMax, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const opinion = read(received);
      if (opinion !== undefined) end(opinion);
    });
  });
}

export async function redisAnswers(port: number): Promise<boolean> {
  // While it loads its file Redis says -LOADING.
  return exchange(port, Buffer.from('PING\r\n'), (answer) =>
    answer.includes('\n') ? answer.toString().startsWith('+PONG') : undefined,
  );
}

/** Metadata request, version 4: no topics, none to be created. */
function metadataRequest(): Buffer {
  const client = Buffer.from('freshet-probe');
  const body = Buffer.alloc(10 + client.length + 5);
  body.writeInt16BE(3, 0);
  body.writeInt16BE(4, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(client.length, 8);
  client.copy(body, 10);
  // An empty list of topics, and false.
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** How many brokers a metadata answer lists: after size, correlation id and throttle time. */
function brokersListed(answer: Buffer): number | undefined {
  if (answer.length < 16) return undefined;
  return answer.readInt32BE(12);
}

/** A broker lists only brokers that take part, so an open port alone would say too much. */
export async function kafkaAnswers(port: number, brokers: number): Promise<boolean> {
  return exchange(port, metadataRequest(), (answer) => {
    const listed = brokersListed(answer);
    return listed === undefined ? undefined : listed >= brokers;
  });
}

export async function httpAnswers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(probeMsMax) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether anything listens: all that can be asked of an address that may want TLS or a password. */
export async function listens(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port }, () => {
      socket.destroy();
      done(true);
    });
    socket.setTimeout(probeMsMax, () => {
      socket.destroy();
      done(false);
    });
    socket.on('error', () => done(false));
  });
}
