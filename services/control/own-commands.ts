import { randomUUID } from 'node:crypto';

import { openEncoder } from '../../lib/avro/encoder.ts';
import type { RegistryPort } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import type { Outbox } from '../../lib/kafka/outbox.ts';
import { type Command, commandSchema } from '../../schemas/generated/command.ts';
import type { Body } from './commands.ts';

type OwnKind = 'settings.change' | 'definitions.restate';

/** What control itself asks for goes through the log, as everything that changes the state. */
export interface OwnCommands {
  send<K extends OwnKind>(kind: K, body: Body<K>): Promise<void>;
}

/** `topic`: the full name of `commands`. */
export async function ownCommands(
  outbox: Outbox,
  { registry, topic }: { readonly registry: RegistryPort; readonly topic: string },
): Promise<OwnCommands> {
  const encode = await openEncoder<Command>(registry, `${topic}-value`, commandSchema);
  return {
    send: (kind, body) => {
      const id = randomUUID();
      const command = { command_id: id, kind, body: JSON.stringify(body) };
      const value = encode({ ...command, sent_at: now(), sent_by: 'control' });
      return outbox.send([{ topic, key: id, value }]);
    },
  };
}
