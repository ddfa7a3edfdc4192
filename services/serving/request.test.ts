import { plainRequest } from '../../schemas/plain-request.ts';
import { describe, expect, test } from 'vitest';
import { type PageState, PageTokens } from './page-token.ts';
import type { Known } from '../../models/catalogue.ts';
import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import type { Request } from '../../schemas/generated/request.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import { type DecodedRequest, expiredSince, judge, type JudgeFacts } from './request.ts';

const parsed = parseContext(
  '{"context":"home","size":10,"ladder":[{"step":"a","model":"m@0123456789ab"}]}',
);
if (!parsed.ok) throw new Error(parsed.faults.join());
const home: Known<ContextDefinition> = {
  version: 'home@0123456789ab',
  revision: 1,
  definition: parsed.value,
};

const record = (change: Partial<LogRecord> = {}): LogRecord => ({
  topic: 'freshet.requests.v1',
  partition: 1,
  offset: 7,
  timestampMs: 1_000,
  key: Buffer.from('u1'),
  value: Buffer.from('x'),
  headers: {},
  ...change,
});
const request = (change: Partial<Request> = {}): DecodedRequest => ({
  ok: true,
  value: {
    ...plainRequest('u1', 'home'),
    ...change,
  },
});
const facts: JudgeFacts = {
  contexts: new Map([['home', home]]),
  nowMs: 5_000,
  highWatermark: 8,
  backlogMax: 100,
  pages: new PageTokens({ key: null, prefix: 'freshet' }),
};
const say = (decoded: DecodedRequest, change: Partial<LogRecord> = {}, more = {}) => {
  const judged = judge(record(change), () => decoded, { ...facts, ...more });
  return judged.kind === 'accepted'
    ? `accepted ${judged.wanted}`
    : `${judged.status} ${judged.reason}`;
};

describe('a request', () => {
  test('brings attributes for rules, within bounds', () => {
    const attributes = (count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, value]));
    expect(say(request({ attributes: attributes(16, 'x'.repeat(128)) }))).toBe('accepted 10');
    const [many, long] = [attributes(17, 'x'), attributes(1, 'é'.repeat(65))];
    expect(say(request({ attributes: many }))).toBe('invalid too_many_attributes');
    expect(say(request({ attributes: long }))).toBe('invalid attribute_too_long');
    const name = { ['x'.repeat(129)]: 'y' };
    expect(say(request({ attributes: name }))).toBe('invalid attribute_too_long');
  });

  test('goes on where its page token says, or is invalid', () => {
    const state: PageState = {
      userId: 'u1',
      contextId: 'home',
      contextVersion: home.version,
      assigned: null,
      page: 2,
      issuedMs: facts.nowMs,
      shown: ['a'],
      rest: [{ step: 0, items: ['b'] }],
    };
    const token = new PageTokens({ key: null, prefix: 'freshet' }).seal(state);
    const judged = judge(record(), () => request({ page_token: token }), facts);
    expect(judged.kind === 'accepted' ? judged.page : null).toEqual(state);
    expect(say(request({ page_token: '' }))).toBe('invalid page_token_not_ours');
    expect(say(request({ page_token: token, user_id: 'u2' }))).toBe(
      'invalid page_token_of_another',
    );
  });

  test('is accepted, with as many items as the context has or fewer', () => {
    expect(say(request())).toBe('accepted 10');
    expect(say(request({ count: 3 }))).toBe('accepted 3');
    expect(say(request({ count: 500 }))).toBe('accepted 10');
  });

  test.each([
    [{ ok: false, reason: 'truncated' } as const, 'invalid truncated'],
    [request({ user_id: '' }), 'invalid user_id_malformed'],
    [request({ user_id: 'u'.repeat(129) }), 'invalid user_id_malformed'],
    [request({ context_id: '' }), 'invalid context_id_malformed'],
    [request({ count: 0 }), 'invalid count_out_of_range'],
    [request({ exclude: Array.from({ length: 1001 }, String) }), 'invalid too_many_excluded'],
    [request({ session: Array.from({ length: 51 }, String) }), 'invalid session_too_long'],
    [request({ session: [''] }), 'invalid session_item_malformed'],
    [request({ context_id: 'other' }), 'unknown_context no_such_context'],
    [request({ deadline_at: 5_000 }), 'expired deadline_passed'],
    [request({ deadline_at: 5_001 }), 'accepted 10'],
  ])('that cannot be answered is told why', (decoded, said) => {
    expect(say(decoded)).toBe(said);
  });

  test('expires by its header too, whichever deadline is earlier', () => {
    const headers = { 'deadline-at': Buffer.from('4999') };
    expect(say(request({ deadline_at: 9_000 }), { headers })).toBe('expired deadline_passed');
    expect(say(request(), { headers: { 'deadline-at': Buffer.from('x') } })).toBe(
      'invalid deadline_malformed',
    );
  });

  test('may expire while it is worked on', () => {
    const judged = judge(record(), () => request({ deadline_at: 6_000 }), facts);
    if (judged.kind !== 'accepted') throw new Error('not accepted');
    expect(expiredSince(judged, 5_999)).toBeNull();
    expect(expiredSince(judged, 6_000)?.status).toBe('expired');
  });

  test('with bad reply headers is told so', () => {
    const headers = { 'reply-to': Buffer.from('no topic!') };
    expect(say(request(), { headers })).toBe('invalid reply_topic_malformed');
  });

  test('is shed when too many came after it, undecoded, and the newest are not', () => {
    const more = { highWatermark: 1_000 };
    const old = judge(record({ offset: 899 }), () => fail(), { ...facts, ...more });
    expect(old.kind === 'refused' && [old.status, old.userId]).toEqual(['overloaded', 'u1']);
    expect(say(request(), { offset: 900 }, more)).toBe('accepted 10');
  });

  test('is known by its key when nothing else can be read', () => {
    const judged = judge(record(), () => ({ ok: false, reason: 'truncated' }), facts);
    expect(judged.kind === 'refused' && judged.userId).toBe('u1');
  });
});

const fail = (): never => {
  throw new Error('decoded though shed');
};
