import { messageOf, RefusedError, RetryableError } from '../errors.ts';
import { kafkajs } from './kafkajs.ts';

/** Broker answers that no retry cures: somebody has to change a grant, a topic or a setting. */
const refusals: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'grant this principal access to the topic',
  GROUP_AUTHORIZATION_FAILED: 'grant this principal READ on the consumer group',
  CLUSTER_AUTHORIZATION_FAILED: 'grant this principal the operation on the cluster',
  SASL_AUTHENTICATION_FAILED: 'check user name and password',
  MESSAGE_TOO_LARGE: 'raise max.message.bytes of the topic (`npx freshet topics apply`)',
  INVALID_TOPIC_EXCEPTION: 'check FRESHET_PREFIX',
};

interface ProtocolError {
  readonly type?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/**
 * What the client throws plain, not as an error of its own, where a broker is frozen or away: it was
 * connected to, and never said which requests it knows (kafkajs, broker/index.js).
 */
const plainFaults: readonly string[] = ['Broker not connected'];
const systemFaults: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH'.split(
    ' ',
  ),
);

const isPlainFault = (error: unknown): boolean =>
  plainFaults.includes(messageOf(error)) ||
  systemFaults.has(String((error as { code?: unknown } | null)?.code));

/** The client's error has no type; and where no token came (oauth-token.ts) nobody refused us. */
const isRefusedLogin = (error: unknown): boolean =>
  (error as Error).name === 'KafkaJSSASLAuthenticationError' &&
  !messageOf(error).includes('no token from');

/**
 * Sorts what the client threw. Outcome of a failed send is unknown, never 'not done': whoever
 * sends again must be ready for a double.
 */
export function kafkaFault(error: unknown, doing: string): Error {
  if (error instanceof RetryableError || error instanceof RefusedError) return error;
  for (let e: unknown = error, depth = 0; e && depth < 5; depth += 1) {
    const { type, cause, errors } = e as ProtocolError;
    const cure = type === undefined ? undefined : refusals[type];
    if (cure !== undefined) return new RefusedError(`${doing}: ${type}; ${cure}`, { cause: error });
    if (isRefusedLogin(e)) {
      const why = `${doing}: ${messageOf(e)}`;
      return new RefusedError(`${why}; ${refusals['SASL_AUTHENTICATION_FAILED']}`, {
        cause: error,
      });
    }
    e = cause ?? errors?.[0];
  }
  if (error instanceof kafkajs.KafkaJSError || isPlainFault(error)) {
    return new RetryableError(`${doing}: ${said(error)}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(messageOf(error));
}

/**
 * Whether a consumer that the client has given up may be begun anew: it asked brokers that were away
 * for too long. The client says so of 'Failed to find group coordinator' alone that no retry helps,
 * and gives up; a codec that is missing, or a bug, would end the next one as well.
 */
export function isAway(error: unknown): boolean {
  const first = firstCause(error);
  if (isSilence(first) || nameOf(first) === noCoordinator) return true;
  return (first as { retriable?: unknown } | null)?.retriable === true;
}

const noCoordinator = 'KafkaJSGroupCoordinatorNotFound';

/** The client passes over what each broker said when it was asked for the coordinator. */
function said(error: unknown): string {
  if (isSilence(error)) return `Kafka does not answer (${messageOf(error)})`;
  if (nameOf(firstCause(error)) !== noCoordinator) return messageOf(error);
  return 'no broker says who coordinates the group: they are away, or this principal lacks READ on it';
}

const nameOf = (error: unknown): string => String((error as Partial<Error> | null)?.name);

/** Nobody answered at all; other faults are what a broker said. */
function isSilence(error: unknown): boolean {
  const first = firstCause(error);
  return isPlainFault(first) || silences.has(nameOf(first));
}

const silences: ReadonlySet<string> = new Set([
  'KafkaJSBrokerNotFound',
  'KafkaJSConnectionClosedError',
  'KafkaJSConnectionError',
  'KafkaJSRequestTimeoutError',
]);

function firstCause(error: unknown): unknown {
  let first = error;
  for (let depth = 0; depth < 5; depth += 1) {
    const cause = (first as { cause?: unknown } | null)?.cause;
    if (cause === undefined || cause === null) return first;
    first = cause;
  }
  return first;
}
