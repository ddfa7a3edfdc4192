import { beforeEach, describe, expect, test } from 'vitest';

import { formatHeader } from './header.ts';
import type { Commit, KeyWrite, StateStore } from './store.ts';

const header = (offset: number): string =>
  formatHeader({ offsets: [offset], hashes: ['a1b2c3d4'], marks: [[]], newestMs: [-1] });

/**
 * What every store must do: the runner's guarantee rests on it. `open` gives an empty one whose
 * keys are `{tag}...`.
 */
export function storeConformance(name: string, open: () => Promise<StateStore>): void {
  describe(`the store of state: ${name}`, () => {
    let store: StateStore;
    beforeEach(async () => {
      store = await open();
    });
    const commit = (change: Partial<Commit>) =>
      store.commit({ headerKey: '{t}Zh', expected: null, next: header(1), writes: [], ...change });
    const read = async (...keys: string[]) =>
      (await store.load(keys)).map((bytes) => bytes?.toString('latin1') ?? null);
    const whole = (key: string, text: string): KeyWrite => ({
      key,
      write: { whole: Buffer.from(text, 'latin1') },
    });

    test('what was never written is null', async () => {
      expect(await read('{t}Zh', '{t}za')).toEqual([null, null]);
    });

    test('values and header are written together', async () => {
      expect(await commit({ writes: [whole('{t}za', 'one'), whole('{t}zb', 'two')] })).toBe(
        'applied',
      );
      expect(await read('{t}zb', '{t}Zh', '{t}za')).toEqual(['two', header(1), 'one']);
    });

    test('another header than the expected one refuses everything', async () => {
      await commit({ writes: [whole('{t}za', 'one')] });
      const late = [whole('{t}za', 'late'), whole('{t}zb', 'late')];
      for (const expected of [null, header(0), header(2), `${header(1)} `, '']) {
        expect(await commit({ expected, next: header(9), writes: late })).toBe('refused');
      }
      expect(await read('{t}Zh', '{t}za', '{t}zb')).toEqual([header(1), 'one', null]);
    });

    test('a command that runs twice is applied once', async () => {
      await commit({});
      const twice = { expected: header(1), next: header(2), writes: [whole('{t}za', 'two')] };
      expect([await commit(twice), await commit(twice)]).toEqual(['applied', 'refused']);
    });

    test('offsets that a double cannot tell apart are told apart', async () => {
      const [big, bigger] = ['9007199254740993 a -', '9007199254740992 a -'];
      await commit({ next: big });
      expect(await commit({ expected: bigger, next: header(1) })).toBe('refused');
      expect(await commit({ expected: big, next: header(1) })).toBe('applied');
    });

    test('patches change bytes in place, any byte value, and grow with zeros', async () => {
      await commit({ writes: [whole('{t}za', '0123456789')] });
      const patches = [
        { at: 2, bytes: Buffer.from([0, 255, 13]) },
        { at: 9, bytes: Buffer.from('xy') },
      ];
      const far = [{ at: 3, bytes: Buffer.from('z') }];
      const writes = [
        { key: '{t}za', write: { patches } },
        { key: '{t}zb', write: { patches: far } },
      ];
      expect(await commit({ expected: header(1), next: header(2), writes })).toBe('applied');
      expect(await read('{t}za', '{t}zb')).toEqual(['01\0\xff\r5678xy', '\0\0\0z']);
    });

    test('patches of a refused commit are refused with it', async () => {
      await commit({ writes: [whole('{t}za', '0123')] });
      const patches = [{ at: 0, bytes: Buffer.from('x') }];
      expect(await commit({ writes: [{ key: '{t}za', write: { patches } }] })).toBe('refused');
      expect(await read('{t}za')).toEqual(['0123']);
    });

    test('a slice of 20,000 rows, whole and patched, is one commit', async () => {
      const rows = Array.from({ length: 20_000 }, (_, n) => `{t}z${n}`);
      await commit({ writes: rows.map((key) => whole(key, '....')) });
      const patch = { patches: [{ at: 1, bytes: Buffer.from('!') }] };
      const writes = rows.map((key) => ({ key, write: patch }));
      await commit({ expected: header(1), next: header(2), writes });
      const values = await store.load(rows);
      expect(values.every((bytes) => bytes?.toString() === '.!..')).toBe(true);
    });

    test('rows go in the commit that writes others, or stay with it', async () => {
      await commit({ writes: [whole('{t}za', 'one'), whole('{t}zb', '0123')] });
      const patch = { patches: [{ at: 1, bytes: Buffer.from('!') }] };
      const writes = [{ key: '{t}zb', write: patch }, whole('{t}zc', 'new')];
      const change = { next: header(2), writes, removes: ['{t}za', '{t}zd'] };
      expect(await commit({ ...change, expected: header(7) })).toBe('refused');
      expect(await read('{t}za')).toEqual(['one']);
      expect(await commit({ ...change, expected: header(1) })).toBe('applied');
      const keys = ['{t}za', '{t}zb', '{t}zc', '{t}zd', '{t}Zh'];
      expect(await read(...keys)).toEqual([null, '0!23', 'new', null, header(2)]);
    });

    test('20,000 rows go in one commit', async () => {
      const rows = Array.from({ length: 20_000 }, (_, n) => `{t}z${n}`);
      await commit({ writes: rows.map((key) => whole(key, '....')) });
      await commit({ expected: header(1), next: header(2), removes: rows });
      expect((await store.load(rows)).every((bytes) => bytes === null)).toBe(true);
    });

    test('what was read is the reader’s own', async () => {
      await commit({ writes: [whole('{t}za', 'one')] });
      const [bytes] = await store.load(['{t}za']);
      bytes?.fill(0);
      expect(await read('{t}za')).toEqual(['one']);
    });

    const remove = (expected: string | null, keys: readonly string[]) =>
      store.remove({ headerKey: '{t}Zh', expected, keys });

    test('rows are removed under the header that they were read with, which stays', async () => {
      await commit({ writes: [whole('{t}za', 'one'), whole('{t}zb', 'three')] });
      const keys = ['{t}za', '{t}zb', '{t}zc'];
      expect(await remove(header(1), keys)).toEqual({ rows: 2, bytes: 8 });
      expect(await read('{t}Zh', ...keys)).toEqual([header(1), null, null, null]);
      expect(await remove(header(1), keys)).toEqual({ rows: 0, bytes: 0 });
      expect(await remove(header(1), [])).toEqual({ rows: 0, bytes: 0 });
    });

    test('whoever was overtaken removes nothing', async () => {
      await commit({ writes: [whole('{t}za', 'one')] });
      for (const expected of [null, header(0), header(2), `${header(1)} `, '']) {
        expect(await remove(expected, ['{t}za'])).toBe('refused');
      }
      expect(await read('{t}za')).toEqual(['one']);
    });

    test('20,000 rows are removed at once', async () => {
      const rows = Array.from({ length: 20_000 }, (_, n) => `{t}z${n}`);
      await commit({ writes: rows.map((key) => whole(key, '....')) });
      expect(await remove(header(1), rows)).toEqual({ rows: 20_000, bytes: 80_000 });
    });

    const decide = (expected: string | null, offsets: readonly number[]) =>
      store.decide({ headerKey: '{t}Zh', expected, key: '{t}Zd', offsets });

    test('decisions are remembered, each once', async () => {
      expect(await store.decided('{t}Zd')).toEqual(new Set());
      expect(await decide(null, [7, 3])).toBe('applied');
      expect(await decide(null, [3, 2 ** 52])).toBe('applied');
      expect(await store.decided('{t}Zd')).toEqual(new Set([3, 7, 2 ** 52]));
      await decide(
        null,
        Array.from({ length: 20_000 }, (_, n) => n),
      );
      expect((await store.decided('{t}Zd')).size).toBe(20_001);
    });

    test('nothing is stored that was folded by fewer decisions than there are', async () => {
      await commit({});
      const by = (count: number) => ({ key: '{t}Zd', count });
      const next = (n: number) => ({ expected: header(n), next: header(n + 1) });
      const rest = { writes: [whole('{t}za', 'one')], removes: ['{t}zb'] };
      expect(await commit({ ...next(1), ...rest, decided: by(0) })).toBe('applied');
      // Sent long before, and late.
      expect(await decide(header(2), [7, 8])).toBe('applied');
      expect(await commit({ ...next(2), writes: [whole('{t}za', 'two')], decided: by(0) })).toBe(
        'refused',
      );
      expect(await read('{t}Zh', '{t}za')).toEqual([header(2), 'one']);
      expect(
        await commit({ ...next(2), ...rest, removes: ['{t}za'], writes: [], decided: by(2) }),
      ).toBe('applied');
      expect(await read('{t}Zh', '{t}za')).toEqual([header(3), null]);
      expect((await store.decided('{t}Zd')).size).toBe(2);
    });

    test('an owner that was overtaken decides nothing', async () => {
      await commit({});
      for (const expected of [null, header(0), '']) {
        expect(await decide(expected, [7])).toBe('refused');
      }
      expect(await store.decided('{t}Zd')).toEqual(new Set());
      expect(await decide(header(1), [7])).toBe('applied');
    });
  });
}
