/** What launcher and guard say to each other. */
export interface SpawnRequest {
  readonly op: 'spawn';
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  /** Whether to go on with the log of an earlier start. */
  readonly append: boolean;
}

export type GuardOrder =
  | SpawnRequest
  /** Stops one child; answered once it is gone. */
  | { readonly op: 'halt'; readonly name: string }
  /** A command to run after the last child has gone. */
  | { readonly op: 'at-stop'; readonly command: string; readonly args: readonly string[] }
  | { readonly op: 'release' }
  | { readonly op: 'stop' };

export type GuardRequest = GuardOrder & { readonly id: number };

export type GuardReply =
  | { readonly event: 'ready' }
  | {
      readonly event: 'exit';
      readonly name: string;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    }
  | {
      readonly event: 'reply';
      readonly id: number;
      readonly value?: number;
      readonly error?: string;
    };
