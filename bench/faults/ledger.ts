import type { LogRecord } from '../../lib/kafka/log-record.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import type { Recommendation } from '../../schemas/generated/recommendation.ts';
import type { Counts } from './row.ts';

type Position = Pick<LogRecord, 'partition' | 'offset'>;

/** What the load was promised: by number, what the broker acknowledged. */
export interface Promised {
  readonly ackedEvents: readonly boolean[];
  readonly ackedRequests: readonly boolean[];
  /** Correlation ids beside the load's own. */
  readonly expected: ReadonlySet<string>;
}

interface Asked {
  readonly correlation: string;
  answerId: string | null;
  records: number;
  conflicting: boolean;
}

const at = ({ partition, offset }: Position): string => `${partition}/${offset}`;

/** Who was promised what, and what came of it; pure, so that it can be tested by itself. */
export class Ledger {
  /** By position on user-events, the number of the load's event there. */
  readonly #eventAt = new Map<string, number>();
  readonly #inLog = new Set<number>();
  /** By lineage of the fold that accepted: at which position each event was accepted first. */
  readonly #acceptedAt = new Map<string, Map<number, string>>();
  readonly #twice = new Set<number>();
  readonly #asked = new Map<string, Asked>();
  readonly #correlations = new Set<string>();

  appended(record: Position, eventId: string): void {
    const number = numberIn(eventId, 'load-');
    if (number === null) return;
    this.#eventAt.set(at(record), number);
    this.#inLog.add(number);
  }

  /** The same position again is a re-emission, which readers pass over; another one is not. */
  accepted(of: Pick<Interaction, 'lineage' | 'source_partition' | 'source_offset'>): void {
    const position = at({ partition: of.source_partition, offset: of.source_offset });
    const number = this.#eventAt.get(position);
    if (number === undefined) return;
    const own = this.#acceptedAt.get(of.lineage) ?? new Map<number, string>();
    this.#acceptedAt.set(of.lineage, own);
    const before = own.get(number);
    if (before === undefined) own.set(number, position);
    else if (before !== position) this.#twice.add(number);
  }

  asked(record: Position, correlation: string): void {
    if (correlation === '') return;
    this.#correlations.add(correlation);
    const one = { correlation, answerId: null, records: 0, conflicting: false };
    this.#asked.set(at(record), one);
  }

  /** One record of a request has one answer, however often it is said. */
  answered(
    answer: Pick<Recommendation, 'answer_id' | 'request_partition' | 'request_offset'>,
    correlation: string,
  ): void {
    const { request_partition: partition, request_offset: offset } = answer;
    const asked = this.#asked.get(at({ partition, offset }));
    if (asked === undefined || asked.correlation !== correlation) return;
    asked.records += 1;
    asked.answerId ??= answer.answer_id;
    if (asked.answerId !== answer.answer_id) asked.conflicting = true;
  }

  counts({ ackedEvents, ackedRequests, expected }: Promised): Counts {
    let lost = 0;
    ackedEvents.forEach((_, number) => {
      const accepted = [...this.#acceptedAt.values()].some((own) => own.has(number));
      if (!this.#inLog.has(number) || !accepted) lost += 1;
    });
    const wanted = new Set(expected);
    ackedRequests.forEach((_, number) => wanted.add(`ask-${number}`));
    for (const correlation of wanted) if (!this.#correlations.has(correlation)) lost += 1;
    let unanswered = 0;
    let answeredAgain = 0;
    let conflicting = 0;
    for (const asked of this.#asked.values()) {
      if (asked.records === 0) unanswered += 1;
      if (asked.records > 1) answeredAgain += 1;
      if (asked.conflicting) conflicting += 1;
    }
    return { lost, doubled: this.#twice.size + conflicting, unanswered, answeredAgain };
  }
}

function numberIn(id: string, prefix: string): number | null {
  const digits = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  return /^\d+$/.test(digits) ? Number(digits) : null;
}
