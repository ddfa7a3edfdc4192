import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import type { Link, LostReplies } from './row.ts';

/** A link that whoever opened it closes. */
export interface OwnLink extends Link {
  /** Bytes that have disappeared so far. */
  readonly swallowedBytes: number;
  close(): Promise<void>;
}

type Way = 'requests' | 'replies';

interface Losing extends LostReplies {
  lost: number;
  /** Requests that were handed on and whose replies must not arrive. */
  chosen: number;
}

/** What is wrong with a link at the moment. */
interface Faults {
  swallowed: ReadonlySet<Way>;
  delayMs: number;
  refusing: boolean;
  losing: Losing | null;
  swallowedBytes: number;
}

const host = '127.0.0.1';
/**
 * Between the first byte of a reply that is to be lost and the reset: what came first may be the
 * reply to an earlier request of the same connection, and the chosen one must have been done.
 */
const doneMs = 20;

/**
 * A TCP proxy without any knowledge of a protocol, in front of one port of this machine. It hands
 * bytes on as they come until it is told to do harm; harm of all kinds may be done at once.
 */
export async function openLink(target: number): Promise<OwnLink> {
  const faults: Faults = {
    swallowed: new Set(),
    delayMs: 0,
    refusing: false,
    losing: null,
    swallowedBytes: 0,
  };
  const pairs = new Set<Pair>();
  let leadsTo = target;
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (client) => {
    if (faults.refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, leadsTo, faults);
    pairs.add(pair);
    pair.onGone = () => pairs.delete(pair);
  });
  const port = await listening(server);
  const reset = (): void => {
    for (const pair of pairs) pair.reset();
  };
  return {
    port,
    get swallowedBytes() {
      return faults.swallowedBytes;
    },
    heal: () => {
      Object.assign(faults, { swallowed: new Set(), delayMs: 0, refusing: false, losing: null });
      // A gap in a stream of bytes would be garbage to its reader.
      for (const pair of pairs) if (pair.hasGap) pair.reset();
    },
    swallow: (way) => {
      faults.swallowed = new Set<Way>(way === 'both' ? ['requests', 'replies'] : [way]);
    },
    delay: (ms) => {
      faults.delayMs = ms;
    },
    reset,
    refuse: () => {
      faults.refusing = true;
      reset();
    },
    loseReplies: (options) => {
      const losing: Losing = { ...options, lost: 0, chosen: 0 };
      faults.losing = losing;
      return () => losing.lost;
    },
    retarget: (next) => {
      leadsTo = next;
      reset();
    },
    close: async () => {
      reset();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** One connection of a client, and ours to what it believes to speak with. */
class Pair {
  onGone: () => void = () => undefined;
  /** Bytes are missing from what one of the two was sent. */
  hasGap = false;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #faults: Faults;
  /** The fault whose next reply is lost, once a request was chosen. */
  #losing: Losing | null = null;
  #resetTimer: NodeJS.Timeout | null = null;
  #gone = false;

  constructor(client: Socket, port: number, faults: Faults) {
    this.#client = client;
    this.#faults = faults;
    this.#server = connect({ host, port, allowHalfOpen: true });
    for (const socket of [client, this.#server]) socket.setNoDelay(true);
    this.#carry('requests', { from: client, to: this.#server });
    this.#carry('replies', { from: this.#server, to: client });
    client.resume();
  }

  reset(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#resetTimer !== null) clearTimeout(this.#resetTimer);
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
    this.onGone();
  }

  #carry(way: Way, { from, to }: { readonly from: Socket; readonly to: Socket }): void {
    // One after the other, also where the delay changes in between.
    let tail: Promise<void> = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      if (way === 'requests') this.#choose(chunk);
      if (this.#isLost(way)) {
        this.hasGap = true;
        this.#faults.swallowedBytes += chunk.length;
        return;
      }
      const { delayMs } = this.#faults;
      from.pause();
      const due = delayMs === 0 ? null : elapsed(delayMs);
      tail = tail.then(async () => {
        await due;
        if (!this.#gone) await written(to, chunk);
      });
      // Reading goes on at once while bytes are under way: a delay is no narrow pipe.
      if (due === null) void tail.then(() => from.resume());
      else from.resume();
    });
    from.on('end', () => {
      if (this.#faults.swallowed.has(way)) this.hasGap = true;
      else void tail.then(() => to.end());
    });
    from.on('error', () => {
      if (!this.#faults.swallowed.has(way)) this.reset();
      else this.hasGap = true;
    });
    from.on('close', () => {
      if (this.#client.destroyed && this.#server.destroyed) this.reset();
    });
  }

  #choose(chunk: Buffer): void {
    const { losing } = this.#faults;
    if (losing === null || this.#losing !== null) return;
    if (losing.chosen >= losing.times || !losing.of(chunk)) return;
    losing.chosen += 1;
    this.#losing = losing;
  }

  /** Also begins the end of a connection whose reply has come and is to be lost. */
  #isLost(way: Way): boolean {
    if (way === 'replies' && this.#losing !== null) {
      this.#resetTimer ??= setTimeout(() => {
        if (this.#losing !== null) this.#losing.lost += 1;
        this.reset();
      }, doneMs);
      return true;
    }
    return this.#faults.swallowed.has(way);
  }
}

const elapsed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the other side has taken it, so that the proxy keeps no queue of its own. */
async function written(to: Socket, chunk: Buffer): Promise<void> {
  if (to.destroyed || to.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off('drain', done);
      to.off('close', done);
      resolve();
    };
    to.on('drain', done);
    to.on('close', done);
  });
}
