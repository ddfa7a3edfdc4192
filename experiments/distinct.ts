/**
 * How many different things sketches of several partitions saw together: the largest of each
 * register, and the mean that Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog" (AofA 2007, figure
 * 3) take of them; while registers are empty, linear counting, as they do.
 */
export const distinctOf = (sketches: readonly Uint8Array[]): number => {
  const registers = Math.max(0, ...sketches.map(({ length }) => length));
  if (registers === 0) return 0;
  let inverse = 0;
  let empty = 0;
  for (let at = 0; at < registers; at++) {
    const most = sketches.reduce((max, sketch) => Math.max(max, sketch[at] ?? 0), 0);
    inverse += 2 ** -most;
    if (most === 0) empty++;
  }
  const bias = 0.7213 / (1 + 1.079 / registers);
  const estimate = (bias * registers * registers) / inverse;
  const isSmall = estimate <= 2.5 * registers && empty > 0;
  return Math.round(isSmall ? registers * Math.log(registers / empty) : estimate);
};
