import { expect, test } from 'vitest';

import { RetryableError } from '../errors.ts';
import { type Claim, ShortLogError, startOf } from './claim.ts';
import { emptyHeader, type Header } from './header.ts';

const header = (offset: number, hash = 'a1b2c3d4'): Header => ({
  ...emptyHeader(1),
  offsets: [offset],
  hashes: [hash],
});

/** A claim of partition 1 of a log [low, high), with what Redis and the group say. */
const claim = (
  log: { readonly low: number; readonly high: number },
  said: {
    readonly header: Header | null;
    readonly progress?: number;
    readonly bootstrap?: boolean;
    readonly storedByNow?: boolean;
    readonly shortLooks?: number;
  },
): Claim => ({
  service: 'seen-items',
  admin: {
    topicOffsets: async () => [
      { partition: 0, low: 0, high: 1 },
      { partition: 1, ...log },
    ],
    groupOffsets: async () => new Map([[1, said.progress ?? -1]]),
  } as unknown as Claim['admin'],
  groupId: 'g',
  bootstrap: said.bootstrap ?? false,
  topic: 't',
  partition: 1,
  input: 0,
  header: said.header,
  storedByNow: async () => said.storedByNow ?? false,
  shortLooks: said.shortLooks ?? 0,
});

test('nothing stored and no progress: from the first record that is there', async () => {
  const start = await startOf(claim({ low: 7, high: 20 }, { header: null }));
  expect(start).toEqual({ offset: 7, verify: null });
});

test('nothing stored although the group has progress is lost state, unless it is asked for', async () => {
  const lost = { header: null, progress: 12 };
  await expect(startOf(claim({ low: 7, high: 20 }, lost))).rejects.toThrow('state was lost');
  const asked = await startOf(claim({ low: 7, high: 20 }, { ...lost, bootstrap: true }));
  expect(asked.offset).toBe(7);
  const behind = await startOf(claim({ low: 7, high: 20 }, { header: null, progress: 7 }));
  expect(behind.offset).toBe(7);
});

test('progress that another owner has made since then is no lost state: look again', async () => {
  const overtaken = { header: null, progress: 12, storedByNow: true };
  await expect(startOf(claim({ low: 7, high: 20 }, overtaken))).rejects.toThrow(RetryableError);
});

test('stored state: from the record that was folded last, which is compared', async () => {
  const start = await startOf(claim({ low: 0, high: 20 }, { header: header(12), progress: 3 }));
  expect(start).toEqual({ offset: 11, verify: 'a1b2c3d4' });
  const end = await startOf(claim({ low: 0, high: 20 }, { header: header(20) }));
  expect(end).toEqual({ offset: 19, verify: 'a1b2c3d4' });
});

test('that record may be gone, but no record that was not folded', async () => {
  const start = await startOf(claim({ low: 12, high: 20 }, { header: header(12) }));
  expect(start).toEqual({ offset: 12, verify: null });
  await expect(startOf(claim({ low: 13, high: 20 }, { header: header(12) }))).rejects.toThrow(
    'begins at 13, but its state stands at 12',
  );
});

test('a log that still ends before the state when asked again is another log', async () => {
  const short = (shortLooks: number): Promise<unknown> =>
    startOf(claim({ low: 0, high: 11 }, { header: header(12), shortLooks }));
  await expect(short(0)).rejects.toThrow(ShortLogError);
  await expect(short(3)).rejects.toThrow('is said to end at 11, before 12');
  await expect(short(4)).rejects.toThrow('is not the log');
});

test('an input of which nothing was folded yet starts where its log begins', async () => {
  const start = await startOf(claim({ low: 5, high: 20 }, { header: header(0, '') }));
  expect(start).toEqual({ offset: 5, verify: null });
});

test('a partition that is not there (yet) is waited for', async () => {
  const missing = { ...claim({ low: 0, high: 1 }, { header: null }), partition: 9 };
  await expect(startOf(missing)).rejects.toThrow(RetryableError);
});
