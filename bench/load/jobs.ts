/** What the parent and the processes that make load say to each other. */

/** Handed to a load process as its one argument. */
export interface LoadSetup {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly prefix: string;
  readonly partitions: number;
  readonly users: number;
  readonly items: number;
  readonly context: string;
}

export type Service = 'answers' | 'echo';

export type Job =
  /** Events at a rate, into `user-events`. */
  | {
      readonly kind: 'events';
      readonly seconds: number;
      readonly rate: number;
      readonly idPrefix: string;
      readonly seed: number;
    }
  /** Requests at a rate; times go to the figures of `service` if `counts`. */
  | {
      readonly kind: 'requests';
      readonly service: Service;
      readonly seconds: number;
      readonly rate: number;
      readonly counts: boolean;
    }
  | { readonly kind: 'figures'; readonly service: Service }
  /** What was measured of it so far counts no more. */
  | { readonly kind: 'forget'; readonly service: Service };

export interface Figures {
  readonly sent: number;
  /** Sent and never answered. */
  readonly missing: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

export const echoRequestsTopic = (prefix: string): string => `${prefix}.echo-requests.v1`;
export const echoAnswersTopic = (prefix: string): string => `${prefix}.echo-answers.v1`;
