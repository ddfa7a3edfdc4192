import { messageOf, RefusedError, RetryableError } from '../errors.ts';
import { kafkajs } from './kafkajs.ts';

/** Broker answers that no retry cures: somebody has to change a grant, a topic or a setting. */
const refusals: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'grant this principal access to the topic',
  GROUP_AUTHORIZATION_FAILED: 'grant this principal READ on the consumer group',
  CLUSTER_AUTHORIZATION_FAILED: 'grant this principal the operation on the cluster',
  SASL_AUTHENTICATION_FAILED: 'check user name and password',
  MESSAGE_TOO_LARGE: 'raise max.message.bytes of the topic (freshet topics apply)',
  INVALID_TOPIC_EXCEPTION: 'check FRESHET_PREFIX',
};

interface ProtocolError {
  readonly type?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

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
    e = cause ?? errors?.[0];
  }
  if (error instanceof kafkajs.KafkaJSError) {
    return new RetryableError(`${doing}: ${messageOf(error)}`, { cause: error });
  }
  return error instanceof Error ? error : new Error(messageOf(error));
}
