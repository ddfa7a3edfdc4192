import type { RegistryPort } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { KafkaAdmin } from '../../lib/kafka/admin.ts';
import type { OutMessage } from '../../lib/kafka/log-record.ts';
import type { RedisPort } from '../../lib/redis/redis-port.ts';

/** One row of the table of faults, as a module of its own: `rows/NN-name.ts` exports `row`. */
export interface FaultRow {
  readonly row: number;
  readonly title: string;
  /** Settings of the workers, where the row needs other ones than the bed's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** False where logs or stores cannot be read while the fault lasts: no verify during it. */
  readonly verifiedDuring?: boolean;
  /** Needs an installation of its own, since it leaves one that only a person can mend. */
  readonly fresh?: boolean;
  /** Not to be combined with other rows at random. */
  readonly alone?: boolean;
  /** In how long everything must be caught up and answered after the fault; default 60. */
  readonly recoverySecondsMax?: number;
  /**
   * Does the damage for about so many seconds while the load goes on, and takes it back: what it
   * killed runs again when it returns, or is in the hands of what must heal by itself. Throws
   * `FaultMissed` where something that must hold does not (beyond what the oracle counts).
   */
  inject(bed: FaultBed, options: InjectOptions): Promise<Injected>;
}

export interface Injected {
  readonly notes?: string;
  /** More figures for the row's line in the report: units last, as in `takeover_s`. */
  readonly figures?: Readonly<Record<string, number>>;
}

export interface InjectOptions {
  readonly seconds: number;
  readonly random: Random;
  /** No other row does harm at the same time: workers may be started with other settings. */
  readonly alone: boolean;
  /** Ctrl-C: whatever waits should stop waiting. */
  readonly signal: AbortSignal;
}

/** From the run's seed: the same draws for the same seed. */
export interface Random {
  /** 0 <= next < 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  pick<T>(of: readonly T[]): T;
}

/** What a row says when a promise was broken that is not one of the counted ones. */
export class FaultMissed extends Error {
  override readonly name = 'FaultMissed';
}

/** A broker or a Redis: a process of the bed that can be treated badly. */
export interface BedProcess {
  readonly name: string;
  readonly pid: number;
  /** Where it listens itself, past all links. */
  readonly port: number;
  readonly dataDir: string;
  readonly running: boolean;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves once it is gone. */
  stop(): Promise<void>;
  freeze(): void;
  goOn(): void;
  /** On the same port with the same data, whether or not it still runs; resolves when it serves. */
  restart(): Promise<void>;
}

export interface RedisNode extends BedProcess {
  readonly url: string;
  /** One administrative command, without spaces in its words, to this very node. */
  command(text: string): Promise<string>;
}

/**
 * What lies between one client and one part: a TCP proxy, faultless unless told otherwise.
 * `openLink(toPort)` in proxy.ts makes one.
 */
export interface Link {
  /** Where the client connects to. */
  readonly port: number;
  /** Ends every fault; open connections live on where they can. */
  heal(): void;
  /** What goes this way disappears, and nobody is told: half-open. */
  swallow(way: 'requests' | 'replies' | 'both'): void;
  /** Everything arrives so much later. */
  delay(ms: number): void;
  /** Resets all open connections now. */
  reset(): void;
  /** Refuses new connections (and resets the open ones) until healed. */
  refuse(): void;
  /**
   * The next `times` requests that match are handed on, and as soon as the reply to one comes back
   * the connection is reset instead. Returns how many were lost so far.
   */
  loseReplies(options: LostReplies): () => number;
  /** Where it leads from now on; open connections are reset. */
  retarget(port: number): void;
}

export interface LostReplies {
  readonly times: number;
  /** Sees the bytes of a request as they came, at least from its first byte on. */
  readonly of: (request: Buffer) => boolean;
}

export interface OpenLink extends Link {
  close(): Promise<void>;
}

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that runs all services, with links of its own to everything. */
export interface BedWorker {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  /** Where /metrics, /healthz and /readyz are. */
  readonly url: string;
  /** One per broker, in the order of `FaultBed.brokers`. */
  readonly kafka: readonly Link[];
  readonly redis: Link;
  readonly registry: Link;
  /** Starts it (again); resolves once it has said where it listens, ready or not. */
  start(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves once it says on /readyz that it is ready. */
  ready(signal: AbortSignal): Promise<void>;
  kill(): Promise<WorkerEnd>;
  freeze(): void;
  goOn(): void;
  /** SIGTERM, and how it ended; how long it may take is the caller's business. */
  stop(): Promise<WorkerEnd>;
  /** Resolves when the process of the last start ends, however it does. */
  readonly ended: Promise<WorkerEnd>;
  /** What it has said on stderr and in its log since its first start. */
  log(): string;
  /** The sum of a metric's series whose labels hold `labels`; 0 where there is none. */
  metric(name: string, labels?: string): Promise<number>;
  /** What /healthz complains of; null: nothing. Rejects when it does not answer. */
  unhealthy(): Promise<string | null>;
  residentMb(): number | null;
}

export interface FaultBed {
  readonly config: CommonConfig;
  /** What workers are started with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly admin: KafkaAdmin;
  /** Follows the primary. */
  readonly redis: RedisPort;
  readonly registry: RegistryPort;
  readonly dir: string;
  readonly brokers: readonly BedProcess[];
  /** Index 0 is the primary at the start. */
  readonly redisNodes: readonly RedisNode[];
  readonly registryProcess: BedProcess;
  readonly workers: readonly BedWorker[];
  /** The session timeout of the workers' groups. */
  readonly sessionMs: number;
  readonly load: Load;
  /** Makes the other node the primary, and leads all links there. */
  promote(node: RedisNode): Promise<void>;
  /** Resolves when every fold has nothing before it, or rejects after so long. */
  caughtUp(withinMs: number): Promise<void>;
  /** Differences that verify finds now. */
  verify(): Promise<number>;
  /** Reads what the logs have got since the last time, and counts. */
  count(): Promise<Counts>;
  /** Starts workers that do not run, heals links, wakes what is frozen, restarts what is down. */
  mend(): Promise<void>;
}

/** What the oracle has counted since the installation began. */
export interface Counts {
  /** Acknowledged, and not in the log; or in the log, and never accepted. */
  readonly lost: number;
  /** Accepted at two positions; or a request with two different answers. */
  readonly doubled: number;
  readonly unanswered: number;
  /** Requests with more than one record of the one answer: what crashes may leave. */
  readonly answeredAgain: number;
}

export interface Load {
  /** Acknowledged so far. */
  readonly events: number;
  readonly requests: number;
  /** The load's own links to the brokers. */
  readonly kafka: readonly Link[];
  /** Events and requests a second from now on; 0 and 0 is a pause. */
  pace(eventsPerSecond: number, requestsPerSecond: number): void;
  /** Raw records beside the load, for poison and floods; acknowledged when it resolves. */
  send(messages: readonly OutMessage[]): Promise<void>;
  /**
   * Says of a request that was sent by `send` that it must be answered. The bed's own are known;
   * what is sent raw to user-events is not an event of the load and is not counted.
   */
  expectAnswer(correlation: string): void;
}
