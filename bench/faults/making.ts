import type { Downloads } from '../../stack/downloads.ts';
import type { Guardian } from '../../stack/guardian.ts';

/** What the parts are made with. */
export interface Making {
  readonly dir: string;
  readonly logsDir: string;
  readonly java: string;
  readonly path: string;
  readonly downloads: Downloads;
  readonly guardian: Guardian;
  /** A port that nobody else uses, of the range that restarts can rely on. */
  readonly port: () => Promise<number>;
}
