import type { Body } from './commands.ts';
import { accepted, type Outcome } from './outcome.ts';

/** Nothing that control keeps names a user: it goes into the history, and that is all. */
export function noteForgotten({ user, removed, left }: Body<'user.forgotten'>): Outcome {
  const keys = removed.reduce((sum, one) => sum + one.keys, 0);
  const all = left === 0 ? '' : `; ${left} keys were left`;
  const sentence = `a user (${user.slice(0, 12)}) was forgotten: ${keys} keys of ${removed.length} folds were removed${all}`;
  return accepted(sentence, [], { user, removed, left });
}
