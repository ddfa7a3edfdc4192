/** What was wrong with the rows of a file: all counted, the first ones kept. */
export class RowFaults {
  count = 0;
  readonly first: RowFault[] = [];
  readonly reasons = new Map<string, number>();
  readonly unknown = new Set<string>();
  readonly #keepMax: number;

  constructor(keepMax = 20) {
    this.#keepMax = keepMax;
  }

  add(line: number, reason: string): void {
    this.count += 1;
    const kind = reason.replaceAll(/\d+/g, 'n');
    this.reasons.set(kind, (this.reasons.get(kind) ?? 0) + 1);
    if (this.first.length < this.#keepMax) this.first.push({ line, reason });
  }

  /** For people: one line per fault, then what was not kept. */
  lines(name: string): string[] {
    const lines = this.first.map(({ line, reason }) => `${name}:${line}: ${reason}`);
    const more = this.count - this.first.length;
    if (more > 0) lines.push(`${name}: and ${more} more line(s) with faults`);
    if (this.unknown.size > 0) {
      lines.push(`${name}: passed over, since nothing reads it: ${[...this.unknown].join(', ')}`);
    }
    return lines;
  }
}

export interface RowFault {
  readonly line: number;
  readonly reason: string;
}
