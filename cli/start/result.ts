import { type ExperimentResult, experimentText } from './experiment.ts';

/** What `npm start -- --once --json` prints as its last line. */
export interface StartResult extends ExperimentResult {
  /** Sent, and acknowledged by the brokers. */
  readonly events: number;
  /** What ingest says it did with them. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly failed: number;
  /** With a profile in Redis. */
  readonly users: number;
  /** Known to serving. */
  readonly items: number;
  /** Those that were asked while the newest events were sent at a rate. */
  readonly requests: number;
  readonly answers: number;
  /** Of the answers with status ok: by the first step of their context's ladder. */
  readonly answered_by_model_share: number | null;
  readonly seen_violations: number;
  /** Answers of the last tenth of the replay that were judged by their user's next item. */
  readonly quality_answers: number;
  /** Share of them with that item among the first 20; null: none was judged. */
  readonly hit_rate_20: number | null;
  /** Mean of 1/place of that item, 0 where it is not among the first 20. */
  readonly mrr_20: number | null;
  /** The hit rate of those whose next item was new to them: the home feed shows no other. */
  readonly hit_rate_20_new: number | null;
  /** Null: not asked for. */
  readonly verify_differences: number | null;
  /** From the first event of the part at full speed until every service had dealt with all of it. */
  readonly replay_seconds: number;
  readonly events_per_second: number;
  /** Over the events that were sent at a rate. */
  readonly freshness_p50_ms: number | null;
  readonly freshness_p99_ms: number | null;
  readonly answer_p50_ms: number | null;
  readonly answer_p99_ms: number | null;
  readonly full_speed_events: number;
  readonly paced_events: number;
  readonly paced_per_second: number;
}

/** What must hold for a first start to count as a good one; one line per fault. */
export function faultsOf(result: StartResult): string[] {
  const { accepted, duplicates, failed, events } = result;
  const faults: string[] = [];
  if (accepted + duplicates + failed !== events) {
    const sum = `${accepted} accepted, ${duplicates} duplicates, ${failed} failed`;
    faults.push(`${events} events were sent, and ingest counted ${sum}`);
  }
  if (result.seen_violations > 0) {
    faults.push(`${result.seen_violations} answered item(s) had been seen`);
  }
  if ((result.verify_differences ?? 0) > 0) {
    faults.push(`verify found ${result.verify_differences} difference(s)`);
  }
  if (result.answers < result.requests) {
    faults.push(`${result.requests - result.answers} request(s) were not answered in time`);
  }
  return faults;
}

export function textOf(result: StartResult): string {
  const whole = (value: number): string => Math.round(value).toLocaleString('en-GB');
  const ms = (value: number | null): string => (value === null ? '?' : `${whole(value)} ms`);
  const share = result.answered_by_model_share;
  const lines = [
    `${whole(result.events)} events: ${whole(result.accepted)} accepted, ${whole(result.duplicates)} duplicates, ${whole(result.failed)} failed`,
    `${whole(result.full_speed_events)} of them at full speed in ${result.replay_seconds.toFixed(1)} s: ${whole(result.events_per_second)} per second through all services`,
    `${whole(result.users)} users, ${whole(result.items)} items`,
    `${whole(result.answers)} of ${whole(result.requests)} requests answered while the newest ${whole(result.paced_events)} events were sent at ${result.paced_per_second} per second, ${share === null ? '?' : (share * 100).toFixed(1)} % from lists of their own, the others from trending items`,
    `half of the answers within ${ms(result.answer_p50_ms)}, 99 % within ${ms(result.answer_p99_ms)}`,
    `from an event to its user's new candidates: half within ${ms(result.freshness_p50_ms)}, 99 % within ${ms(result.freshness_p99_ms)} (at ${result.paced_per_second} events/s)`,
    `${result.seen_violations} items that had been seen were answered with`,
  ];
  const { hit_rate_20: hits, hit_rate_20_new: fresh, mrr_20: mrr } = result;
  if (hits !== null && mrr !== null)
    lines.push(
      `${whole(result.quality_answers)} users of the last tenth asked just before they bought: for ${(hits * 100).toFixed(1)} % that item was among the first 20 (hit_rate_20; mrr_20 ${mrr.toFixed(3)})`,
      `of what was new to them ${fresh === null ? '?' : (fresh * 100).toFixed(1)} % was (hit_rate_20_new); what they have had is not shown in the home feed`,
    );
  lines.push(experimentText(result));
  if (result.verify_differences !== null) {
    lines.push(`verify found ${result.verify_differences} differences`);
  }
  return lines.map((line) => `  ${line}`).join('\n');
}
