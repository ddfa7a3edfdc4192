import type { InFlight } from '../../lib/kafka/course.ts';
import type { Decoder } from '../../lib/kafka/decoded-table.ts';
import type { LogRecord, OutMessage } from '../../lib/stream/topology.ts';
import type { Logger } from '../../lib/telemetry/log.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Known } from '../../models/catalogue.ts';
import type { ContextDefinition } from '../../models/definitions.ts';
import type { Request } from '../../schemas/generated/request.ts';
import { admit } from './admission.ts';
import { answerBatch, type AnsweringParts } from './answering.ts';
import type { ForeignReplies } from './foreign.ts';
import type { Lane, LaneSender } from './gathering.ts';
import { type Messages, messagesOf } from './messages.ts';
import type { AnsweredRequest } from './outputs.ts';
import type { Pressure } from './pressure.ts';
import { isAllowed } from './reply.ts';
import { type Accepted, expiredSince, isShed, judge, type Refused } from './request.ts';

export interface BatchParts {
  readonly answering: AnsweringParts;
  readonly contexts: ReadonlyMap<string, Known<ContextDefinition>>;
  readonly decoder: Decoder<Request>;
  readonly messages: Messages;
  /** Our own three topics. */
  readonly own: LaneSender;
  readonly foreign: Pick<ForeignReplies, 'send'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly pressure: Pressure;
  /** Requests that are answered together. */
  readonly sliceMax: number;
  readonly replyTopics: readonly string[];
  /** Freshet's own: whatever is allowed, an asker has no say over what comes there. */
  readonly ownTopics: ReadonlySet<string>;
}

export interface Batch {
  readonly partition: number;
  readonly course: number;
  readonly highWatermark: number;
  readonly records: readonly LogRecord[];
  /** Says that we live: a batch under load takes a while. */
  heartbeat?(): Promise<void>;
}

/**
 * One fetched batch: judge, read once, answer, send once. Where more requests wait than are
 * answered together, those that are refused hear it first, and the others are answered slice by
 * slice. It resolves when the next batch may come, and `sent` when the broker has acknowledged
 * every answer; when a dependency is away either throws RetryableError and the batch comes again,
 * with the same answer ids.
 */
export const serveBatch = async (batch: Batch, parts: BatchParts): Promise<InFlight> => {
  const { sliceMax, pressure, answering } = parts;
  const stage = stages(parts);
  const judged = await judgeBatch(batch, parts);
  stage('decode');
  const { msPerAnswer } = pressure;
  const facts = { sliceMax, msPerAnswer, nowMs: answering.nowMs() };
  const { admitted, shed } = admit(judged.accepted, facts);
  const refused = [...judged.refused, ...shed];
  parts.metrics.observe('freshet_request_batch_size', {}, batch.records.length);
  const since = (startedMs: number): number => answering.monotonicMs() - startedMs;
  const startedMs = answering.monotonicMs();
  if (admitted.length <= sliceMax) {
    const { sent } = await serveSlice({ lane: batch, admitted, refused }, parts, stage);
    // Other batches of the partition are under way beside it, and its send may wait for theirs.
    const took = (): void => pressure.tookAtMost(admitted.length, since(startedMs));
    return { sent: sent.then(took) };
  }
  const refusing = wholly(serveSlice({ lane: batch, admitted: [], refused }, parts, nothing));
  // Looked at below: until then a failure is nobody's.
  refusing.catch(nothing);
  for (let at = 0; at < admitted.length; at += sliceMax) {
    const sliceAtMs = answering.monotonicMs();
    const slice = admitted.slice(at, at + sliceMax);
    await wholly(serveSlice({ lane: batch, admitted: slice, refused: [] }, parts, stage));
    pressure.took(slice.length, since(sliceAtMs));
    await batch.heartbeat?.();
  }
  return { sent: refusing };
};

const nothing = (): void => undefined;

const wholly = async (serving: Promise<InFlight>): Promise<void> => (await serving).sent;

interface Slice {
  readonly lane: Lane;
  readonly admitted: readonly Accepted[];
  readonly refused: readonly Refused[];
}

const serveSlice = async (
  { lane, admitted, refused }: Slice,
  parts: BatchParts,
  stage: (stage: string) => void,
): Promise<InFlight> => {
  const answered = await answerBatch(admitted, parts.answering);
  stage('answer');
  const done = settle(answered, refused, parts);
  if (done.answered.length + done.refused.length === 0) return { sent: Promise.resolve() };
  const sending = async (): Promise<void> => {
    await send(done, lane, parts);
    stage('send');
    count(done, parts);
  };
  return { sent: sending() };
};

interface Done {
  readonly answered: readonly AnsweredRequest[];
  readonly refused: readonly Refused[];
}

const judgeBatch = async (
  { records, highWatermark }: Batch,
  parts: BatchParts,
): Promise<{ accepted: Accepted[]; refused: Refused[] }> => {
  const facts = {
    contexts: parts.contexts,
    nowMs: parts.answering.nowMs(),
    highWatermark,
    backlogMax: parts.pressure.backlogMax(),
    pages: parts.answering.pages,
  };
  const kept = records.filter((record) => !isShed(record, facts));
  await parts.decoder.prepare(kept.map(({ value }) => value));
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  for (const record of records) {
    const judged = judge(record, () => parts.decoder.decode(record.value), facts);
    if (judged.kind === 'accepted') accepted.push(judged);
    else refused.push(judged);
  }
  return { accepted, refused };
};

/** An answer that took longer than its deadline is no answer any more. */
const settle = (
  answered: readonly AnsweredRequest[],
  refused: readonly Refused[],
  parts: BatchParts,
): Done => {
  const nowMs = parts.answering.nowMs();
  const late: Refused[] = [];
  const inTime = answered.filter(({ accepted }) => {
    const expired = expiredSince(accepted, nowMs);
    if (expired !== null) late.push(expired);
    return expired === null;
  });
  return { answered: inTime, refused: [...refused, ...late] };
};

const send = async (done: Done, lane: Lane, parts: BatchParts): Promise<void> => {
  const atMs = parts.answering.nowMs();
  const messages = messagesOf(done, parts.messages, {
    atMs,
    allowed: (topic) => isAllowed(topic, parts.replyTopics) && !parts.ownTopics.has(topic),
  });
  if (messages.refusedReplies > 0)
    parts.metrics.add('freshet_replies_total', { result: 'refused' }, messages.refusedReplies);
  await Promise.all([parts.own.send(messages.own, lane), sendForeign(messages.foreign, parts)]);
};

const sendForeign = async (
  messages: readonly OutMessage[],
  { foreign }: BatchParts,
): Promise<void> => {
  if (messages.length > 0) await foreign.send(messages);
};

const count = ({ answered, refused }: Done, parts: BatchParts): void => {
  const { metrics } = parts;
  const nowMs = parts.answering.nowMs();
  if (answered.length > 0) metrics.add('freshet_requests_total', { status: 'ok' }, answered.length);
  for (const { status } of refused) metrics.add('freshet_requests_total', { status });
  const records = [...answered.map(({ accepted }) => accepted.record), ...refused.map(recordOf)];
  for (const { timestampMs } of records)
    metrics.observe('freshet_answer_seconds', {}, Math.max(0, nowMs - timestampMs) / 1000);
};

const recordOf = ({ record }: Refused): LogRecord => record;

/** Times the stages of a batch, one after the other. */
const stages = ({ metrics, answering }: BatchParts): ((stage: string) => void) => {
  let sinceMs = answering.monotonicMs();
  return (stage) => {
    const atMs = answering.monotonicMs();
    metrics.observe('freshet_serving_stage_seconds', { stage }, (atMs - sinceMs) / 1000);
    sinceMs = atMs;
  };
};
