import type { CommonConfig } from './config/common.ts';
import type { Logger } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Turns } from './turns.ts';

/** What a process gives to each service that it hosts. */
export interface ServiceContext {
  readonly config: CommonConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Called at most once per service, with the reason: the process then exits. */
  readonly onFatal: (error: Error) => void;
  /** Start from the beginning of the log where Redis has lost state that the group has passed. */
  readonly bootstrap: boolean;
  /** Of a process that answers and folds in one event loop. */
  readonly turns?: Turns;
}

export interface RunningService {
  readonly name: string;
  /** Finishes the slice in hand, commits, leaves the group. Safe to call twice. */
  stop(): Promise<void>;
  /** Null while it works; else why not (liveness). */
  healthy(): string | null;
  /** Null when it serves; else what it waits for (readiness). */
  ready(): string | null;
}
