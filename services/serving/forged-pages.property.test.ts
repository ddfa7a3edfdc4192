import { createHash, createHmac } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { acceptedRequest } from './fakes.ts';
import { beyondMax, type PageState, PageTokens } from './page-token.ts';
import { judge, type JudgeFacts } from './request.ts';

/** What anybody can make who knows the prefix: it signs where no key is set. */
const key = createHash('sha256').update('freshet page token of freshet').digest();
const signed = (body: Buffer): string =>
  Buffer.concat([createHmac('sha256', key).update(body).digest(), body]).toString('base64url');
const packed = (value: unknown): string => signed(deflateRawSync(JSON.stringify(value) ?? ''));

const { record, request, context } = acceptedRequest(7);
const facts: JudgeFacts = {
  contexts: new Map([['home', context]]),
  nowMs: 5_000,
  highWatermark: 8,
  backlogMax: 100,
  pages: new PageTokens({ key: null, prefix: 'freshet' }),
};
const judged = (token: string) =>
  judge(record, () => ({ ok: true, value: { ...request, page_token: token } }), facts);
const said = (token: string): string => {
  const found = judged(token);
  return found.kind === 'accepted' ? 'accepted' : found.reason;
};

const state: PageState = {
  userId: 'u1',
  contextId: 'home',
  contextVersion: context.version,
  assigned: {
    experiment: 'e',
    variant: 'v',
    replaces: { step: 'any', model: 'm@0123456789ab' },
    creditMs: 3_600_000,
    outcomeKinds: ['click'],
  },
  page: 1,
  issuedMs: 5_000,
  shown: ['a'],
  rest: [{ step: 0, items: ['b'] }],
};

test('whatever bytes are signed as a page token, judging the request says so and never throws', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((all) => Buffer.from(all));
  const texts = fc.oneof(fc.string(), fc.json()).map((text) => deflateRawSync(text));
  const cut = fc
    .nat({ max: 60 })
    .map((at) => deflateRawSync(JSON.stringify(state)).subarray(0, at));
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        bytes.map((all) => deflateRawSync(all)),
        texts,
        cut,
      ),
      (body) => {
        expect(said(signed(body))).toBe('page_token_not_ours');
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a state with any other value in any place is refused, or is a state', () => {
  const names = fc.constantFrom(...(Object.keys(state) as (keyof PageState)[]));
  const other = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>(undefined, 0.5, -1, 2 ** 31, 1e300, [1], [null], [{ step: 0 }]),
  );
  fc.assert(
    fc.property(names, other, (name, value) => {
      const found = judged(packed({ ...state, [name]: value }));
      if (found.kind === 'refused') {
        expect(found.status).toBe('invalid');
        return;
      }
      const { page, shown, rest } = found.page ?? state;
      expect(Number.isInteger(page) && page >= 0 && page < 2 ** 31).toBe(true);
      const items = rest.flatMap((part) => part.items);
      expect([...shown, ...items].every((item) => typeof item === 'string')).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['no rest', { rest: undefined }],
  ['a rest that is no list', { rest: 'b' }],
  ['items that are no text', { rest: [{ step: 0, items: [1] }] }],
  ['a step below the first', { rest: [{ step: -1, items: ['b'] }] }],
  ['half a page', { page: 1.5 }],
  ['a page beyond what an answer can say', { page: 2 ** 31 }],
  ['no time', { issuedMs: null }],
  ['more that was shown than there are pages for', { shown: Array<string>(1_001).fill('a') }],
  [
    'a longer rest than we make',
    { rest: [{ step: 0, items: Array<string>(beyondMax + 1).fill('b') }] },
  ],
  ['a longer rest in parts', { rest: Array(beyondMax + 1).fill({ step: 0, items: ['b'] }) }],
  ['an experiment of another shape', { assigned: { ...state.assigned, outcomeKinds: null } }],
  ['a credit that is no whole number', { assigned: { ...state.assigned, creditMs: 0.5 } }],
])('a signed state with %s is not ours', (_, change) => {
  expect(said(packed(state))).toBe('accepted');
  expect(said(packed({ ...state, ...change }))).toBe('page_token_not_ours');
});

test('a state that would take a lot of memory is not ours', () =>
  expect(said(packed({ ...state, more: 'x'.repeat(1_100_000) }))).toBe('page_token_not_ours'));
