import type { CommonConfig } from '../../lib/config/common.ts';
import type { DefinitionRecord } from '../../models/catalogue.ts';
import { parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { foldNameOf } from '../../models/learning-identity.ts';
import { openProgress, type Progress } from '../data/progress-of-services.ts';

/** Records that a fold may have before it and still count as caught up: it is never quite still. */
const lagMax = 1_000;

/** The folds that a version's lists are made from. */
export const foldsOfVersion = (record: DefinitionRecord): string[] => {
  const parsed = parseModel(record.content, kinds);
  if (!parsed.ok) return [];
  const { kind, learning, retrieval } = parsed.value;
  const sources = kinds.get(kind)?.retrieval(learning, retrieval).sources ?? [];
  return [...new Set(sources.map(foldNameOf))];
};

/** Why a version is not warm: its folds are not there yet, or not caught up. One line each. */
export const coldReasons = (
  versions: readonly DefinitionRecord[],
  progress: readonly Pick<Progress, 'service' | 'lag'>[],
): string[] =>
  versions.flatMap((record) =>
    foldsOfVersion(record).flatMap((fold) => {
      const rows = progress.filter(({ service }) => service === fold);
      const lag = rows.reduce((sum, row) => sum + row.lag, 0);
      if (rows.length === 0) return [`${record.version}: ${fold} has not been started`];
      return lag > lagMax ? [`${record.version}: ${fold} has ${lag} records before it`] : [];
    }),
  );

export async function coldVersions(
  config: CommonConfig,
  versions: readonly DefinitionRecord[],
): Promise<string[]> {
  const reader = await openProgress(config);
  try {
    return coldReasons(versions, (await reader.read()).progress);
  } finally {
    await reader.close();
  }
}
