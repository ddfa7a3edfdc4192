import { connect } from 'node:net';

/**
 * One administrative command, typed as a person would: the port that services use has none. Words
 * must not hold spaces.
 */
export async function redisCommand(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      socket.setTimeout(5_000, () => reject(new Error(`Redis does not answer '${command}'`)));
      socket.once('data', (bytes) => {
        const reply = bytes.toString();
        if (reply.startsWith('-')) reject(new Error(`Redis: ${reply.slice(1).trim()}`));
        else resolve(reply);
      });
      socket.write(`${command}\r\n`);
    });
  } finally {
    socket.destroy();
  }
}
