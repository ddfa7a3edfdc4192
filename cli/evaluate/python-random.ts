const stateWords = 624;
const shiftWords = 397;

/**
 * The generator of Python's `random`, so that the tests that a Python program draws can be drawn
 * again here: the Mersenne Twister MT19937 (Matsumoto, Nishimura, ACM TOMACS 1998) with the seeding
 * of its authors' `init_by_array`, and `sample` as CPython 3.11 has it (Lib/random.py).
 */
export class PythonRandom {
  readonly #state = new Uint32Array(stateWords);
  #next = stateWords;

  /** As `random.seed(seed)`, for a seed below 2^32. */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = 19_650_218;
    for (let i = 1; i < stateWords; i++) state[i] = mixed(state, i, 1_812_433_253) + i;
    let i = 1;
    const step = (mix: () => number): void => {
      state[i] = mix();
      if (++i < stateWords) return;
      state[0] = state[stateWords - 1] as number;
      i = 1;
    };
    const before = (factor: number): number => Math.imul(xorShifted(state, i), factor);
    for (let n = 0; n < stateWords; n++)
      step(() => ((state[i] as number) ^ before(1_664_525)) + seed);
    for (let n = 1; n < stateWords; n++)
      step(() => ((state[i] as number) ^ before(1_566_083_941)) - i);
    state[0] = 0x8000_0000;
  }

  /** `random.sample(range(count), size)`. */
  sample(count: number, size: number): number[] {
    if (size > count) throw new RangeError(`${size} of ${count} cannot be drawn`);
    let setSize = 21;
    if (size > 5) setSize += 4 ** Math.ceil(Math.log(size * 3) / Math.log(4));
    if (count <= setSize) {
      const pool = Array.from({ length: count }, (_, index) => index);
      return Array.from({ length: size }, (_, drawn) => {
        const at = this.#below(count - drawn);
        const value = pool[at] as number;
        pool[at] = pool[count - drawn - 1] as number;
        return value;
      });
    }
    const chosen = new Set<number>();
    while (chosen.size < size) {
      let at = this.#below(count);
      while (chosen.has(at)) at = this.#below(count);
      chosen.add(at);
    }
    return [...chosen];
  }

  /** A whole number below `count`, every one as likely. */
  below(count: number): number {
    return this.#below(count);
  }

  #below(count: number): number {
    const bits = 32 - Math.clz32(count);
    let drawn = this.#word() >>> (32 - bits);
    while (drawn >= count) drawn = this.#word() >>> (32 - bits);
    return drawn;
  }

  #word(): number {
    if (this.#next === stateWords) this.#twist();
    let word = this.#state[this.#next++] as number;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < stateWords; i++) {
      const low = state[(i + 1) % stateWords] as number;
      const word = ((state[i] as number) & 0x8000_0000) | (low & 0x7fff_ffff);
      const odd = (low & 1) === 1 ? 0x9908_b0df : 0;
      state[i] = (state[(i + shiftWords) % stateWords] as number) ^ (word >>> 1) ^ odd;
    }
    this.#next = 0;
  }
}

const xorShifted = (state: Uint32Array, i: number): number => {
  const before = state[i - 1] as number;
  return before ^ (before >>> 30);
};

const mixed = (state: Uint32Array, i: number, factor: number): number =>
  Math.imul(xorShifted(state, i), factor);
