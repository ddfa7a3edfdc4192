import { describe, expect, test } from 'vitest';
import { correlationBytesMax, deadlineOf, isAllowed, replyOf } from './reply.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('reply headers', () => {
  test("are read as Spring sends them, and the correlation id's bytes go back as they came", () => {
    const id = Buffer.from([0, 255, 128, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const reply = replyOf({
      kafka_correlationId: id,
      kafka_replyTopic: bytes('shop.replies'),
      kafka_replyPartition: Buffer.from([0, 0, 0, 3]),
    });
    expect(reply).toEqual({
      headers: { kafka_correlationId: id },
      topic: 'shop.replies',
      partition: 3,
      fault: null,
    });
  });

  test('are read as NestJS sends them', () => {
    const reply = replyOf({
      kafka_correlationId: bytes('c1'),
      kafka_replyTopic: bytes('shop.reply'),
      kafka_replyPartition: bytes('12'),
    });
    expect([reply.topic, reply.partition]).toEqual(['shop.reply', 12]);
  });

  test('four digits are digits', () => {
    const headers = { 'reply-to': bytes('t'), kafka_replyPartition: bytes('1024') };
    expect(replyOf(headers).partition).toBe(1024);
  });

  test('are read under their plain names', () => {
    const reply = replyOf({ 'correlation-id': bytes('c1'), 'reply-to': bytes('shop.replies') });
    expect(reply.topic).toBe('shop.replies');
    expect(reply.headers).toEqual({ 'correlation-id': bytes('c1') });
  });

  test('are not needed', () => {
    expect(replyOf({})).toEqual({ headers: {}, topic: null, partition: null, fault: null });
  });

  test.each([
    [{ kafka_correlationId: Buffer.alloc(correlationBytesMax + 1) }, 'correlation_id_too_long'],
    [{ 'reply-to': bytes('no topic!') }, 'reply_topic_malformed'],
    [{ 'reply-to': bytes('..') }, 'reply_topic_malformed'],
    [
      { 'reply-to': bytes('t'), kafka_replyPartition: Buffer.from([255, 255, 255, 255]) },
      'reply_partition_malformed',
    ],
    [{ 'reply-to': bytes('t'), kafka_replyPartition: bytes('one') }, 'reply_partition_malformed'],
  ])('that cannot be used are named, and nothing is sent there', (headers, fault) => {
    const reply = replyOf(headers);
    expect([reply.fault, reply.topic]).toEqual([fault, null]);
  });
});

test('a reply topic is allowed by its name, or by the start of it', () => {
  expect(isAllowed('shop.replies', ['shop.*'])).toBe(true);
  expect(isAllowed('shop.replies', ['shop.replies'])).toBe(true);
  expect(isAllowed('shop.replies.more', ['shop.replies'])).toBe(false);
  expect(isAllowed('shop.replies', [])).toBe(false);
});

test('a deadline header is milliseconds in digits', () => {
  expect(deadlineOf({ 'deadline-at': bytes('1700000000000') })).toBe(1_700_000_000_000);
  expect(deadlineOf({})).toBeNull();
  expect(deadlineOf({ 'deadline-at': bytes('soon') })).toBeNaN();
});
