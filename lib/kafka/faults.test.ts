import { expect, test } from 'vitest';

import { RefusedError, RetryableError } from '../errors.ts';
import { isAway, kafkaFault } from './faults.ts';
import { kafkajs } from './kafkajs.ts';

const {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
} = kafkajs;

const protocol = (type: string): Error =>
  new KafkaJSProtocolError({ type, code: 0, retriable: false, message: type } as never);
const givenUp = (cause: Error): Error =>
  new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 100 });

const wrapping = (cause: Error): Error =>
  Object.assign(new KafkaJSNonRetriableError(cause.message), { cause });

test('what passes is tried again, also when the client itself has given up', () => {
  for (const error of [
    new KafkaJSConnectionError('refused', {} as never),
    givenUp(new KafkaJSConnectionError('refused', {} as never)),
    protocol('NOT_LEADER_FOR_PARTITION'),
  ]) {
    expect(kafkaFault(error, 'sending')).toBeInstanceOf(RetryableError);
  }
});

test('what the client throws plain while a broker is frozen or away is tried again too', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  for (const error of [new Error('Broker not connected'), refused]) {
    const fault = kafkaFault(error, 'offsets of a topic');
    expect(fault).toBeInstanceOf(RetryableError);
    expect(fault.message).toBe(`offsets of a topic: Kafka does not answer (${error.message})`);
  }
});

test('a consumer is begun anew after brokers were away, and not after a bug', () => {
  const coordinator = Object.assign(
    new KafkaJSNonRetriableError('Failed to find group coordinator'),
    { name: 'KafkaJSGroupCoordinatorNotFound' },
  );
  expect(kafkaFault(coordinator, 'joining g')).toBeInstanceOf(RetryableError);
  for (const error of [
    coordinator,
    wrapping(coordinator),
    givenUp(new KafkaJSConnectionError('refused', {} as never)),
    new Error('Broker not connected'),
  ]) {
    expect(isAway(error)).toBe(true);
  }
  const bug = new TypeError('x is not a function');
  const codec = new KafkaJSNonRetriableError('Zstd compression not implemented');
  for (const error of [bug, codec, wrapping(bug)]) {
    expect(isAway(error)).toBe(false);
  }
});

test('what somebody has to change is refused, with the cure, however deep it lies', () => {
  for (const error of [
    protocol('TOPIC_AUTHORIZATION_FAILED'),
    givenUp(protocol('TOPIC_AUTHORIZATION_FAILED')),
    Object.assign(new Error('several'), { errors: [protocol('TOPIC_AUTHORIZATION_FAILED')] }),
  ]) {
    const fault = kafkaFault(error, 'sending');
    expect(fault).toBeInstanceOf(RefusedError);
    expect(fault.message).toContain('grant this principal access to the topic');
  }
});

test('a bug stays a bug, and what is sorted already stays as it is', () => {
  const bug = new TypeError('x is not a function');
  expect(kafkaFault(bug, 'sending')).toBe(bug);
  const retryable = new RetryableError('away');
  expect(kafkaFault(retryable, 'sending')).toBe(retryable);
  expect(kafkaFault('a text', 'sending')).toEqual(new Error('a text'));
  expect(kafkaFault(null, 'sending')).toEqual(new Error('null'));
});

test('a refused login says what to check, and a token that did not come is asked for again', () => {
  const name = 'KafkaJSSASLAuthenticationError';
  const login = (message: string): Error =>
    Object.assign(new KafkaJSNonRetriableError(message), { name });
  const refused = kafkaFault(givenUp(login('invalid credentials')), 'connecting');
  expect(refused).toBeInstanceOf(RefusedError);
  expect(refused.message).toContain('check user name and password');
  const away = login('SASL OAUTHBEARER authentication failed: no token from https://login');
  expect(kafkaFault(away, 'connecting')).toBeInstanceOf(RetryableError);
});
