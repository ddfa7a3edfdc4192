/** Where a value lies on an axis, and the values that the axis names. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Steps of 1, 2 or 5 times a power of ten: about `count` of them within `size`. */
const stepOf = (size: number, count: number): number => {
  const rough = size / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough * 0.999) ?? 10;
  return step * power;
};

/** From 0 up to a round value above `max`: a rate that did not start at 0 would look like more. */
export const fromZero = (max: number, pixels: Span): Scale => {
  const step = stepOf(max > 0 ? max : 1, 5);
  const steps = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - 1e-9));
  const ticks = Array.from({ length: steps + 1 }, (_, n) => Number((n * step).toPrecision(12)));
  return { at: linear({ from: 0, to: steps * step }, pixels), ticks };
};

/** Round values from below `from` to above `to`; 0 is one of them where it lies between. */
export const spanning = ({ from, to }: Span, pixels: Span): Scale => {
  const step = stepOf(to > from ? to - from : 1, 5);
  const first = Math.floor(from / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(to / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, n) =>
    Number(((first + n) * step).toPrecision(12)),
  );
  return { at: linear({ from: first * step, to: last * step }, pixels), ticks };
};

/** Powers of ten; where that gives less than three, times 2 and 5 too. */
export const logarithmic = (values: readonly number[], pixels: Span): Scale => {
  const positive = values.filter((value) => value > 0);
  const min = positive.length === 0 ? 1 : Math.min(...positive) / 1.3;
  const max = positive.length === 0 ? 10 : Math.max(...positive) * 1.3;
  const within = (factors: readonly number[]): number[] => {
    const found: number[] = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++)
      for (const factor of factors) {
        const tick = factor * 10 ** power;
        if (tick >= min && tick <= max) found.push(tick);
      }
    return found;
  };
  const tens = within([1]);
  const ticks = tens.length >= 3 ? tens : within([1, 2, 5]);
  const at = linear({ from: Math.log10(min), to: Math.log10(max) }, pixels);
  return { at: (value) => at(Math.log10(Math.max(value, min))), ticks };
};

/** Moments: `count` of them, evenly. */
export const moments = (span: Span, pixels: Span, count: number): Scale => ({
  at: linear(span, pixels),
  ticks: Array.from(
    { length: count },
    (_, n) => span.from + (n * (span.to - span.from)) / (count - 1),
  ),
});

const linear = (from: Span, to: Span) => {
  const size = from.to - from.from;
  return (value: number): number =>
    size === 0 ? (to.from + to.to) / 2 : to.from + ((value - from.from) / size) * (to.to - to.from);
};
