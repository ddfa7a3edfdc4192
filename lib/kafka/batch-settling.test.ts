import { afterEach, expect, test, vi } from 'vitest';

import { RetryableError } from '../errors.ts';
import { started, soon, topic } from './batch-fakes.ts';

afterEach(() => vi.useRealTimers());

test('before the group is joined anew what is under way lands, and is committed', async () => {
  const { group, sent } = await started();
  await group.deliver(1);
  await group.deliver(2);
  sent[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  const settled = vi.fn<() => void>();
  void group.options?.beforeJoin?.().then(settled);
  await vi.advanceTimersByTimeAsync(0);
  // Should the rest take too long, this much is known.
  expect(group.committed).toEqual([1]);
  expect(settled).not.toHaveBeenCalled();
  sent[1]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(group.committed).toEqual([1, 3]);
  expect(settled).toHaveBeenCalledOnce();
});

test('of that, what comes meanwhile is not waited for, nor what comes after a failure', async () => {
  const { group, sent } = await started();
  for (let n = 0; n < 3; n += 1) await group.deliver(1);
  sent[1]?.reject(new RetryableError('away'));
  const settled = vi.fn<() => void>();
  void group.options?.beforeJoin?.().then(settled);
  await vi.advanceTimersByTimeAsync(0);
  expect(settled).not.toHaveBeenCalled();
  sent[0]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(settled).toHaveBeenCalledOnce();
  expect(group.committed).toEqual([1]);

  const other = await started();
  await other.group.deliver(1);
  const settling = other.group.options?.beforeJoin?.();
  await other.group.deliver(1);
  other.sent[0]?.resolve();
  await settling;
  expect(other.group.committed).toEqual([1]);
});

test('a coordinator that does not answer holds a join up for a moment, and hears later offsets later', async () => {
  const { group, sent } = await started();
  const commit = Promise.withResolvers<void>();
  await group.deliver(1);
  sent[0]?.resolve();
  group.answered = commit.promise;
  const settled = vi.fn<() => void>();
  void group.options?.beforeJoin?.().then(settled);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(settled).toHaveBeenCalledOnce();
  group.options?.onAssigned?.(new Map([[topic, [0]]]));
  await group.deliver(2);
  sent[1]?.resolve();
  await soon();
  // The client still tries the first, and would send it after a later one.
  expect(group.committed).toEqual([1]);
  commit.resolve();
  group.answered = Promise.resolve();
  await soon();
  expect(group.committed).toEqual([1, 3]);
});

test('where to go on is not asked for while the group is joined anew', async () => {
  const { group, sent } = await started();
  await group.deliver(1);
  sent[0]?.reject(new RetryableError('membership lost'));
  group.isJoined = false;
  await soon();
  await soon();
  expect(group.acts).toEqual(['pause']);
  group.isJoined = true;
  group.options?.onAssigned?.(new Map());
  await soon();
  expect(group.acts).toEqual(['pause', 'resume']);
});
