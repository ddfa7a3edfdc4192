import type { Body } from './commands.ts';
import { accepted, type Outcome } from './outcome.ts';
import { type Change, type ControlState, revisionOf } from './state.ts';

export type Standing = Body<'definitions.restate'>['standing'][number];

/**
 * Publishes again, above what readers have, what the state says of keys on which something else
 * stands: whoever sent that judged by other settings or another release, and was overtaken before
 * it committed. In the order of the log: what was on its way when this was asked for is decided.
 */
export function restate(
  state: ControlState,
  { standing }: { readonly standing: readonly Standing[] },
): Outcome {
  const foreign = standing.filter((one) => !isAccountedFor(state, one));
  if (foreign.length === 0)
    return accepted('what stands on the topics was decided meanwhile: nothing was changed', []);
  const sentence = `${foreign.length === 1 ? '1 record' : `${foreign.length} records`} that no command has made stood on the topics: what was decided is published again over them`;
  const changes = foreign.map((one) => above(state, one));
  return accepted(sentence, changes, { foreign });
}

/** Newer than it, or it itself. */
const isAccountedFor = (
  state: ControlState,
  { topic, key, revision, version }: Standing,
): boolean => {
  const decided = revisionOf(state, topic, key);
  return (
    decided > revision || (decided === revision && state[topic].live.get(key)?.version === version)
  );
};

const above = (state: ControlState, { topic, key, revision: below }: Standing): Change => {
  const revision = below + 1;
  const live = state[topic].live.get(key);
  return { topic, key, revision, record: live === undefined ? null : { ...live, revision } };
};
