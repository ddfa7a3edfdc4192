import type { StackEnvironment } from './config.ts';
import type { Guardian } from './guardian.ts';
import type { Part } from './settings.ts';

export interface StartOptions {
  /** Those that somebody else does not already run. */
  readonly parts: ReadonlySet<Part>;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly cacheDir: string;
  readonly brokers: 1 | 3;
  readonly keep: boolean;
  readonly environment: StackEnvironment;
  readonly guardian: Guardian;
  readonly onProgress: (line: string) => void;
}

/** What processes and containers alike can do once they run. */
export interface StartedParts {
  readonly addresses: {
    readonly kafkaBrokers?: string;
    readonly registryUrl?: string;
    readonly redisUrl?: string;
    readonly prometheusUrl?: string;
  };
  readonly pids: () => Record<string, number>;
  readonly kill: (part: Part, signal: NodeJS.Signals) => void;
  readonly restart: (part: Part) => Promise<void>;
}
