import type { Known } from '../../models/catalogue.ts';
import type { ContextDefinition } from '../../models/definitions.ts';
import type { Request } from '../../schemas/generated/request.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { OpenedPage, PageState, PageTokens } from './page-token.ts';
import { deadlineOf, type Reply, replyOf } from './reply.ts';

/** What can be said of a request that gets no items. */
export type RefusedStatus = 'invalid' | 'unknown_context' | 'expired' | 'overloaded';

export interface Accepted {
  readonly kind: 'accepted';
  readonly record: LogRecord;
  readonly reply: Reply;
  readonly request: Request;
  readonly context: Known<ContextDefinition>;
  readonly wanted: number;
  readonly deadlineMs: number | null;
  /** What the request's page token says; null: it asks for the first page. */
  readonly page: PageState | null;
}

export interface Refused {
  readonly kind: 'refused';
  readonly record: LogRecord;
  readonly reply: Reply;
  readonly status: RefusedStatus;
  /** A fixed snake_case word. */
  readonly reason: string;
  /** False: the request said so. One that cannot be read says nothing. */
  readonly consent: boolean;
  /** As far as they are known; without consent the user is nobody. */
  readonly userId: string;
  readonly contextId: string;
  /** The context, where there is one of that name: the only thing that labels may say. */
  readonly context: Known<ContextDefinition> | null;
}

export type Judged = Accepted | Refused;

export type DecodedRequest =
  | { readonly ok: true; readonly value: Request }
  | { readonly ok: false; readonly reason: string };

export interface JudgeFacts {
  readonly contexts: ReadonlyMap<string, Known<ContextDefinition>>;
  readonly nowMs: number;
  /** The offset that the partition's next record will get. */
  readonly highWatermark: number;
  /** A request with more than this many after it is shed. */
  readonly backlogMax: number;
  readonly pages: Pick<PageTokens, 'open'>;
}

export const idBytesMax = 128;
export const excludedMax = 1_000;
export const sessionMax = 50;
export const attributesMax = 16;
export const attributeBytesMax = 128;

/** Whether a request is shed: the oldest go, the newest are worth an answer still. */
export const isShed = (record: LogRecord, facts: JudgeFacts): boolean =>
  facts.highWatermark - record.offset > facts.backlogMax;

/**
 * What becomes of one request. Pure, and never throws: every request gets an answer. `decode` is
 * called only where the request is not shed.
 */
export const judge = (
  record: LogRecord,
  decode: () => DecodedRequest,
  facts: JudgeFacts,
): Judged => {
  const reply = replyOf(record.headers);
  const keyed = keyOf(record);
  const refuse = (status: RefusedStatus, reason: string, request?: Request): Refused => ({
    kind: 'refused',
    record,
    reply,
    status,
    reason,
    consent: request?.consent ?? true,
    userId: request?.consent === false || isId(request?.user_id) ? userOf(request) : keyed,
    contextId: isId(request?.context_id) ? request.context_id : '',
    context: (request && facts.contexts.get(request.context_id)) ?? null,
  });
  if (isShed(record, facts)) return refuse('overloaded', 'backlog');
  const decoded = decode();
  if (!decoded.ok) return refuse('invalid', decoded.reason);
  const request = decoded.value;
  const deadlineHeader = deadlineOf(record.headers);
  const fault = reply.fault ?? faultOf(request, deadlineHeader);
  if (fault !== null) return refuse('invalid', fault, request);
  const context = facts.contexts.get(request.context_id);
  if (context === undefined) return refuse('unknown_context', 'no_such_context', request);
  const deadlineMs = earlier(request.deadline_at, deadlineHeader);
  if (deadlineMs !== null && deadlineMs <= facts.nowMs)
    return refuse('expired', 'deadline_passed', request);
  const opened = pageOf(request, context, facts);
  if (opened !== null && !opened.ok) return refuse('invalid', opened.fault, request);
  const page = opened?.state ?? null;
  const { size } = context.definition;
  const wanted = Math.min(request.count ?? size, size);
  return { kind: 'accepted', record, reply, request, context, wanted, deadlineMs, page };
};

/** An accepted request whose deadline passed while it was worked on. */
export const expiredSince = (accepted: Accepted, nowMs: number): Refused | null =>
  accepted.deadlineMs === null || accepted.deadlineMs > nowMs
    ? null
    : refusedAs(accepted, 'expired', 'deadline_passed');

/** An accepted request that is not answered after all. */
export const refusedAs = (
  { record, reply, request, context }: Accepted,
  status: RefusedStatus,
  reason: string,
): Refused => ({
  kind: 'refused',
  record,
  reply,
  status,
  reason,
  consent: request.consent,
  userId: userOf(request),
  contextId: request.context_id,
  context,
});

const faultOf = (request: Request, deadlineHeader: number | null): string | null => {
  if (!isId(request.user_id) && (request.consent || request.user_id !== ''))
    return 'user_id_malformed';
  if (!isId(request.context_id)) return 'context_id_malformed';
  if (request.count !== null && request.count < 1) return 'count_out_of_range';
  if (request.exclude.length > excludedMax) return 'too_many_excluded';
  if (request.session.length > sessionMax) return 'session_too_long';
  if (!request.session.every(isId)) return 'session_item_malformed';
  const attributes = Object.entries(request.attributes);
  if (attributes.length > attributesMax) return 'too_many_attributes';
  if (attributes.flat().some((text) => Buffer.byteLength(text) > attributeBytesMax))
    return 'attribute_too_long';
  if (deadlineHeader !== null && Number.isNaN(deadlineHeader)) return 'deadline_malformed';
  return null;
};

const pageOf = (
  request: Request,
  { definition, version }: Known<ContextDefinition>,
  { pages, nowMs }: JudgeFacts,
): OpenedPage | null => {
  const { page_token: token } = request;
  const owner = { userId: userOf(request), contextId: definition.context, contextVersion: version };
  return token === null ? null : pages.open(token, owner, nowMs);
};

/** Who is named in what is kept: nobody without consent. */
export const userOf = ({ user_id: userId, consent }: Request): string => (consent ? userId : '');

const isId = (id: string | undefined): id is string =>
  id !== undefined && id !== '' && Buffer.byteLength(id) <= idBytesMax;

const keyOf = ({ key }: LogRecord): string =>
  key === null || key.length > idBytesMax ? '' : key.toString('utf8');

const earlier = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);
