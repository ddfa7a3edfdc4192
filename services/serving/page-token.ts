import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';

import type { Assigned } from '../../experiments/catalogue.ts';
import { creditHoursMax, outcomeKindsMax } from '../../experiments/definition.ts';

/** What a next page needs to know: no one keeps it but who asks. */
export interface PageState {
  readonly userId: string;
  readonly contextId: string;
  /** Steps are numbered by its ladder. */
  readonly contextVersion: string;
  /** The experiment that the list was made in, whatever the user's would be by now. */
  readonly assigned: Assigned | null;
  /** Of the page that the token asks for: 1 is the second. */
  readonly page: number;
  readonly issuedMs: number;
  /** Items of the earlier pages. */
  readonly shown: readonly string[];
  /** What is left of the list, best first, by the step of the ladder that gave it. */
  readonly rest: readonly { readonly step: number; readonly items: readonly string[] }[];
}

/** Why a token is of no use: a fixed snake_case word. */
export type PageFault =
  | 'page_token_not_ours'
  | 'page_token_expired'
  | 'page_token_of_another'
  | 'page_token_outdated';

export type OpenedPage =
  | { readonly ok: true; readonly state: PageState }
  | { readonly ok: false; readonly fault: PageFault };

/** What a token has to be of. */
export type PageOwner = Pick<PageState, 'userId' | 'contextId' | 'contextVersion'>;

export const tokenCharsMax = 4_096;
export const tokenAgeMsMax = 3_600_000;
/** Candidates beyond a page that are worth a try: what does not fit is left out. */
export const beyondMax = 400;
const macBytes = 32;
/** The prefix is a key that anybody may know: what is signed need not be ours. */
const stateBytesMax = 1_048_576;
/** An answer has 200 items at most, and the pages after it are made of the rest. */
const countMax = 1_000;
/** Names and versions of experiments, steps and models are shorter. */
const nameCharsMax = 64;
const triesMax = 24;
/** A state is a few KB: a window for more than that takes time to set up. */
const packing = { windowBits: 13, memLevel: 6 };

const name = z.string().max(nameCharsMax);
const count = z.int().min(0).max(countMax);
const assignedShape = z.object({
  experiment: name,
  variant: name,
  replaces: z.object({ step: name, model: name }).nullable(),
  creditMs: z
    .int()
    .min(0)
    .max(creditHoursMax * 3_600_000),
  outcomeKinds: z.array(name).max(outcomeKindsMax),
});
const stateShape: z.ZodType<PageState> = z.object({
  userId: z.string(),
  contextId: z.string(),
  contextVersion: z.string(),
  assigned: assignedShape.nullable(),
  page: count,
  issuedMs: z.int().min(0),
  shown: z.array(z.string()).max(countMax),
  rest: z
    .array(z.object({ step: count, items: z.array(z.string()).max(beyondMax) }))
    .max(beyondMax)
    .refine((rest) => itemsIn(rest) <= beyondMax),
});

/**
 * Tokens that hold all that they need, signed, so that serving keeps nothing between pages. Who
 * has the key can make tokens; what a forged one could do is choose which items are judged by the
 * rules, and be counted in an experiment. Rules hold whatever a token says.
 */
export class PageTokens {
  readonly #key: Buffer;

  /** Without a key the installation's prefix stands for one: it keeps mistakes out, not attackers. */
  constructor(given: { readonly key: string | null; readonly prefix: string }) {
    const text = given.key ?? `of ${given.prefix}`;
    this.#key = createHash('sha256').update(`freshet page token ${text}`).digest();
  }

  /** Null: nothing is left, or not even what was shown fits. As much of the rest as does is in it. */
  seal(state: PageState): string | null {
    let kept = Math.min(beyondMax, itemsIn(state.rest));
    for (let tries = 0; tries < triesMax && kept > 0; tries++) {
      const token = this.#sign({ ...state, rest: firstOf(state.rest, kept) });
      if (token.length <= tokenCharsMax) return token;
      kept = Math.floor(kept * Math.min(0.95, tokenCharsMax / token.length));
    }
    return null;
  }

  open(token: string, owner: PageOwner, nowMs: number): OpenedPage {
    const state = this.#verified(token);
    if (state === null) return { ok: false, fault: 'page_token_not_ours' };
    if (state.userId !== owner.userId || state.contextId !== owner.contextId)
      return { ok: false, fault: 'page_token_of_another' };
    if (nowMs - state.issuedMs > tokenAgeMsMax) return { ok: false, fault: 'page_token_expired' };
    if (state.contextVersion !== owner.contextVersion)
      return { ok: false, fault: 'page_token_outdated' };
    return { ok: true, state };
  }

  #sign(state: PageState): string {
    const body = deflateRawSync(JSON.stringify(state), packing);
    return Buffer.concat([this.#mac(body), body]).toString('base64url');
  }

  #verified(token: string): PageState | null {
    if (token.length > tokenCharsMax) return null;
    const bytes = Buffer.from(token, 'base64url');
    // One text per token: what decodes to the same bytes is another all the same.
    if (bytes.length <= macBytes || bytes.toString('base64url') !== token) return null;
    const body = bytes.subarray(macBytes);
    if (!timingSafeEqual(bytes.subarray(0, macBytes), this.#mac(body))) return null;
    return stateIn(body);
  }

  #mac(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest();
  }
}

/** Null: it is no state, whoever signed it. A request that made us throw would come again for ever. */
const stateIn = (body: Buffer): PageState | null => {
  try {
    const inflated = inflateRawSync(body, { maxOutputLength: stateBytesMax });
    return stateShape.safeParse(JSON.parse(inflated.toString())).data ?? null;
  } catch {
    return null;
  }
};

const itemsIn = (rest: PageState['rest']): number =>
  rest.reduce((sum, { items }) => sum + items.length, 0);

const firstOf = (rest: PageState['rest'], count: number): PageState['rest'] => {
  let left = count;
  return rest.flatMap(({ step, items }) => {
    const kept = items.slice(0, left);
    left -= kept.length;
    return kept.length === 0 ? [] : [{ step, items: kept }];
  });
};
