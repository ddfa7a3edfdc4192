/** What is looked at of an answer. */
export interface AnswerFigures {
  readonly predicted: boolean;
  readonly enough: boolean;
  readonly emptied: boolean;
  /** Null: no interaction is behind it. */
  readonly ageSeconds: number | null;
  readonly answerMs: number | null;
}

export const windowNames = ['5m', '1h'] as const;
export type WindowName = (typeof windowNames)[number];

/** A window is a ring of parts: it slides by one part, and what is older is gone with its part. */
const shapes: Readonly<Record<WindowName, { readonly partMs: number; readonly parts: number }>> = {
  '5m': { partMs: 30_000, parts: 10 },
  '1h': { partMs: 300_000, parts: 12 },
};
export const windowMsMax = 3_600_000;

/** Values from `from` on, four steps to a doubling: a percentile is at most 19% too high. */
interface Scale {
  readonly from: number;
  readonly steps: number;
}
const ages: Scale = { from: 1, steps: 4 * 28 };
const times: Scale = { from: 0.5, steps: 4 * 20 };

const stepOf = ({ from, steps }: Scale, value: number): number =>
  value <= from ? 0 : Math.min(steps - 1, Math.ceil(Math.log2(value / from) * 4));
const upTo = ({ from }: Scale, step: number): number => from * 2 ** (step / 4);

/** One part of a window. */
interface Part {
  /** Which part of all time it is. */
  readonly at: number;
  answers: number;
  predicted: number;
  enough: number;
  emptied: number;
  readonly ages: Uint32Array;
  readonly times: Uint32Array;
}

const newPart = (at: number): Part => ({
  at,
  answers: 0,
  predicted: 0,
  enough: 0,
  emptied: 0,
  ages: new Uint32Array(ages.steps),
  times: new Uint32Array(times.steps),
});

/** Null where no answer has such a figure. */
export interface Standing {
  readonly answers: number;
  readonly predictedShareMin: number | null;
  readonly atLeastShareMin: number | null;
  readonly emptiedShareMax: number | null;
  readonly newestAgeSecondsMax: number | null;
  readonly answerMsMax: number | null;
}

/** The answers of the last minutes and of the last hour: a bounded number of sums. */
export class AnswerWindows {
  readonly #rings: Readonly<Record<WindowName, (Part | undefined)[]>> = { '5m': [], '1h': [] };

  /** What is older than a window does not count in it; what is ahead of the clock counts as now. */
  add(figures: AnswerFigures, given: { readonly atMs: number; readonly nowMs: number }): void {
    const atMs = Math.min(given.atMs, given.nowMs);
    for (const name of windowNames) {
      const { partMs, parts } = shapes[name];
      const at = Math.floor(atMs / partMs);
      if (at <= Math.floor(given.nowMs / partMs) - parts) continue;
      const ring = this.#rings[name];
      const known = ring[at % parts];
      const part = known?.at === at ? known : newPart(at);
      ring[at % parts] = part;
      count(part, figures);
    }
  }

  standing(name: WindowName, nowMs: number): Standing {
    const { partMs, parts } = shapes[name];
    const oldest = Math.floor(nowMs / partMs) - parts + 1;
    const there = this.#rings[name].flatMap((part) =>
      part === undefined || part.at < oldest ? [] : [part],
    );
    const sum = (of: (part: Part) => number): number =>
      there.reduce((total, part) => total + of(part), 0);
    const answers = sum((part) => part.answers);
    const share = (of: (part: Part) => number): number | null =>
      answers === 0 ? null : sum(of) / answers;
    return {
      answers,
      predictedShareMin: share((part) => part.predicted),
      atLeastShareMin: share((part) => part.enough),
      emptiedShareMax: share((part) => part.emptied),
      newestAgeSecondsMax: percentile(
        ages,
        there.map((part) => part.ages),
      ),
      answerMsMax: percentile(
        times,
        there.map((part) => part.times),
      ),
    };
  }
}

const count = (part: Part, figures: AnswerFigures): void => {
  part.answers += 1;
  if (figures.predicted) part.predicted += 1;
  if (figures.enough) part.enough += 1;
  if (figures.emptied) part.emptied += 1;
  if (figures.ageSeconds !== null) bump(part.ages, stepOf(ages, figures.ageSeconds));
  if (figures.answerMs !== null) bump(part.times, stepOf(times, figures.answerMs));
};

const bump = (counts: Uint32Array, step: number): void => {
  counts[step] = (counts[step] ?? 0) + 1;
};

const watchedShare = 0.95;

/** What 95 in 100 are at or below, as far as the scale can tell. */
const percentile = (scale: Scale, parts: readonly Uint32Array[]): number | null => {
  const counts = new Float64Array(scale.steps);
  let all = 0;
  for (const part of parts)
    for (const [step, one] of part.entries()) {
      counts[step] = (counts[step] ?? 0) + one;
      all += one;
    }
  if (all === 0) return null;
  let below = 0;
  for (const [step, one] of counts.entries()) {
    below += one;
    if (below >= all * watchedShare) return upTo(scale, step);
  }
  return upTo(scale, scale.steps - 1);
};
