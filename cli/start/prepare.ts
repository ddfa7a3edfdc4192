import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { applyAlone } from '../commands/apply.ts';
import { applySchemas } from '../commands/schemas.ts';
import { reconcileTopics } from '../commands/topics.ts';

/** What the commands `topics apply`, `schemas apply` and `apply` do, in this order. */
export async function prepare(
  config: CommonConfig,
  definitions: string,
  say: (line: string) => void,
): Promise<void> {
  const created = await reconcileTopics(config, 'apply');
  const refused = (await applySchemas(config)).find(({ refusal }) => refusal !== null);
  if (refused !== undefined) throw new UserError(refused.refusal ?? 'a schema was refused');
  const { applied, unchanged } = await applyAlone(definitions, config);
  const versions = applied.map(({ version }) => version);
  say(
    `Topics, schemas and definitions are applied: ${created.length} topics changed; ` +
      (versions.length > 0 ? versions.join(', ') : `all ${unchanged.length} versions were there`),
  );
}
