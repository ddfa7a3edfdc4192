import type { Command } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { acceptedOrThrow, type ControlCommand, sendCommands } from './client.ts';

export interface SendFlags {
  readonly json?: boolean;
  readonly by?: string;
}

const byBytesMax = 64;

/** What every command that changes something takes. */
export const withSendOptions = (command: Command): Command =>
  command
    .option('--by <role>', 'who asks, for the history: a role, no personal data', 'freshet')
    .option('--json', 'print one JSON line');

export const senderOf = ({ by = 'freshet' }: SendFlags): string => {
  if (Buffer.byteLength(by) > byBytesMax)
    throw new UserError(`--by takes at most ${byBytesMax} bytes`);
  if (/\p{Cc}/u.test(by)) throw new UserError('--by takes one line without control characters');
  return by;
};

/** One command of a person: what became of it is printed, a refusal is an error. */
export async function sendAndPrint(command: ControlCommand, flags: SendFlags): Promise<void> {
  const sentBy = senderOf(flags);
  const [result] = await sendCommands(commonConfig(), [command], { sentBy });
  if (result === undefined) throw new Error('a command without a result');
  acceptedOrThrow(result);
  console.log(flags.json === true ? JSON.stringify(result) : result.sentence);
}
