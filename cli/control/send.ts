import { commonConfig } from '../../lib/config/common.ts';
import { acceptedOrThrow, type ControlCommand, sendCommands } from './client.ts';

export interface SendFlags {
  readonly json?: boolean;
}

/** One command of a person: what became of it is printed, a refusal is an error. */
export async function sendAndPrint(command: ControlCommand, { json }: SendFlags): Promise<void> {
  const [result] = await sendCommands(commonConfig(), [command], { sentBy: 'freshet' });
  if (result === undefined) throw new Error('a command without a result');
  acceptedOrThrow(result);
  console.log(json === true ? JSON.stringify(result) : result.sentence);
}
