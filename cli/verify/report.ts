/** Something that is not as the logs say. */
export interface Difference {
  /** The key in Redis, the position, or the answer's id. */
  readonly where: string;
  readonly what: string;
}

/** What was compared of one service, and what was not as the logs say. */
export interface ServiceReport {
  readonly service: string;
  readonly lineage: string;
  /** Per partition: next offset that the state stands at; -1: nothing was stored yet. */
  readonly offsets: readonly number[];
  /** Where a log was cut: partition and first offset that is left. */
  readonly verifiedFrom: Readonly<Record<string, number>>;
  readonly records: number;
  readonly values: number;
  readonly emissions: number;
  readonly failures: number;
  readonly differences: number;
  /** Values that also hold records which retention has removed. */
  readonly notComparable: number;
  readonly examples: readonly Difference[];
}

export interface AnswersReport {
  readonly checked: number;
  /** Their context's version or their items' revision is compacted away, or their log cut. */
  readonly notChecked: number;
  readonly differences: number;
  readonly examples: readonly Difference[];
}

export interface VerifyReport {
  readonly differences: number;
  readonly services: readonly ServiceReport[];
  readonly answers: AnswersReport;
  /** What was not verified, and why. */
  readonly notes: readonly string[];
}

const examplesMax = 5;

/** Counts differences and keeps the first few. */
export class Findings {
  count = 0;
  readonly examples: Difference[] = [];

  add(where: string, what: string): void {
    this.count += 1;
    if (this.examples.length < examplesMax) this.examples.push({ where, what });
  }
}

export function reportText(report: VerifyReport): string {
  const lines = report.services.map((own) => {
    const { service, values, emissions, failures, differences } = own;
    const parts = [`${values} values`, `${own.records} records`];
    if (emissions > 0) parts.push(`${emissions} emissions`);
    if (failures > 0) parts.push(`${failures} failed`);
    if (own.notComparable > 0) parts.push(`${own.notComparable} values not comparable`);
    return `${mark(differences)} ${service}: ${parts.join(', ')}${tail(own)}`;
  });
  const { answers } = report;
  const left = answers.notChecked > 0 ? `, ${answers.notChecked} not checkable any more` : '';
  lines.push(
    `${mark(answers.differences)} answers: ${answers.checked} checked${left}${tail(answers)}`,
  );
  lines.push(...report.notes.map((note) => `note: ${note}`));
  lines.push(`${report.differences} differences`);
  return lines.join('\n');
}

const mark = (differences: number): string => (differences === 0 ? 'ok   ' : 'WRONG');

function tail(own: {
  readonly differences: number;
  readonly examples: readonly Difference[];
  readonly verifiedFrom?: Readonly<Record<string, number>>;
}): string {
  const cut = Object.entries(own.verifiedFrom ?? {}).map(
    ([partition, offset]) =>
      `\n        partition ${partition} is folded from ${offset} on, as its log was cut or it was rebuilt so: verified from there`,
  );
  if (own.differences === 0) return cut.join('');
  const shown = own.examples.map(({ where, what }) => `\n        ${where}: ${what}`);
  return `, ${own.differences} differ${cut.join('')}${shown.join('')}`;
}
