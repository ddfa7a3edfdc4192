import { type Command, InvalidArgumentError } from 'commander';

import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { senderOf } from '../control/send.ts';
import { forgetUser } from '../forget/forget.ts';
import { receiptText } from '../forget/receipt.ts';
import { print } from '../output.ts';

interface ForgetFlags {
  readonly timeout: number;
  readonly by: string;
  readonly record: boolean;
  readonly json?: boolean;
}

export function registerForgetCommand(program: Command): void {
  program
    .command('forget')
    .argument('<user>', 'id of the user')
    .description('forget a user: remove all that is kept, and print a receipt of it')
    .option('--timeout <seconds>', 'wait no longer for the services', seconds, 120)
    .option('--by <role>', 'who asks, for the history: a role, no personal data', 'freshet')
    .option('--no-record', 'do not note it in the history')
    .option('--json', 'print the receipt as one JSON line')
    .addHelpText('after', help)
    .action(forget);
}

const help = `
It is an event in the log (type freshet.forget on user-events), so the user stays forgotten when the
log is folded again; any producer may send it, keyed as the user's other events are. What comes after
it begins anew. Topics keep what they were given until their retention: the receipt says which and for
how long. It holds a hash of the id and its salt; the history holds the hash alone.

The exit code is 1 where a key still names the user, with what to do about it.`;

async function forget(userId: string, flags: ForgetFlags): Promise<void> {
  const json = flags.json === true;
  const receipt = await forgetUser({
    config: commonConfig(),
    userId,
    timeoutMs: flags.timeout * 1_000,
    sentBy: senderOf(flags),
    records: flags.record,
    say: (line) => console.error(line),
  });
  print({ json }, receipt, receiptText(receipt));
  const { length } = receipt.left;
  if (length === 0) return;
  process.exitCode = 1;
  if (!json)
    throw new UserError(`the user is NOT forgotten: ${length} keys in Redis still name the user`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 86_400) throw new InvalidArgumentError('must be a number above 0.');
  return value;
}
