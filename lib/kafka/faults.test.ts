import { expect, test } from 'vitest';

import { RefusedError, RetryableError } from '../errors.ts';
import { kafkaFault } from './faults.ts';
import { kafkajs } from './kafkajs.ts';

const { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } = kafkajs;

const protocol = (type: string): Error =>
  new KafkaJSProtocolError({ type, code: 0, retriable: false, message: type } as never);
const givenUp = (cause: Error): Error =>
  new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 100 });

test('what passes is tried again, also when the client itself has given up', () => {
  for (const error of [
    new KafkaJSConnectionError('refused', {} as never),
    givenUp(new KafkaJSConnectionError('refused', {} as never)),
    protocol('NOT_LEADER_FOR_PARTITION'),
  ]) {
    expect(kafkaFault(error, 'sending')).toBeInstanceOf(RetryableError);
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
