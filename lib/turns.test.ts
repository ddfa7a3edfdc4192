import { expect, test } from 'vitest';

import { Turns, type TurnsPorts } from './turns.ts';

/** A loop whose turns and time go on when they are told to. */
class Loop implements TurnsPorts {
  #ms = 0;
  #turn: (() => void)[] = [];
  #timers: { readonly atMs: number; readonly work: () => void }[] = [];

  nowMs(): number {
    return this.#ms;
  }
  after(ms: number, work: () => void): void {
    this.#timers.push({ atMs: this.#ms + ms, work });
  }
  nextTurn(work: () => void): void {
    this.#turn.push(work);
  }

  /** Goes through one turn, after so many milliseconds. */
  async turn(ms = 0): Promise<void> {
    this.#ms += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#ms);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#ms);
    const works = this.#turn;
    this.#turn = [];
    for (const work of [...due.map(({ work }) => work), ...works]) work();
    await Promise.resolve();
  }
}

const world = () => {
  const loop = new Loop();
  const turns = new Turns(loop);
  const began: string[] = [];
  const slice = (name: string): void => void turns.slice().then(() => began.push(name));
  let end: () => void = () => undefined;
  const answer = (): Promise<void> =>
    turns.answering(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
  return { loop, turns, began, slice, answer, end: () => end() };
};

test('one slice begins in a turn of the loop, in the order in which they came', async () => {
  const { loop, began, slice } = world();
  for (const name of ['a', 'b', 'c']) slice(name);
  expect(began).toEqual([]);
  await loop.turn();
  expect(began).toEqual(['a']);
  await loop.turn();
  await loop.turn();
  expect(began).toEqual(['a', 'b', 'c']);
});

test('slices give way to an answer, and go on when it is over', async () => {
  const { loop, began, slice, answer, end } = world();
  slice('a');
  await loop.turn();
  const answered = answer();
  slice('b');
  await loop.turn();
  await loop.turn(2);
  expect(began).toEqual(['a']);
  end();
  await answered;
  await loop.turn(1);
  expect(began).toEqual(['a', 'b']);
});

test('among answers without end a slice begins every 10 ms', async () => {
  const { loop, began, slice, answer } = world();
  void answer();
  for (let n = 0; n < 50; n += 1) slice(String(n));
  await loop.turn();
  for (let ms = 0; ms < 100; ms += 1) await loop.turn(1);
  expect(began.length).toBeGreaterThanOrEqual(9);
  expect(began.length).toBeLessThanOrEqual(11);
});

test('an answer that fails gives the loop back', async () => {
  const { loop, turns, began, slice } = world();
  await expect(turns.answering(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  slice('a');
  await loop.turn();
  slice('b');
  await loop.turn();
  expect(began).toEqual(['a', 'b']);
});
