import { basename, join } from 'node:path';

import { evaluationSettings } from '../../cli/evaluate/config.ts';
import { readData } from '../../cli/evaluate/data.ts';
import { readModel } from '../../cli/evaluate/definitions.ts';
import type { Moment } from '../../cli/evaluate/engine.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { type DataQuality, type QualityFigures, qualityOnData } from './data-quality.ts';
import type { Interval } from '../../cli/evaluate/result.ts';
import { geometricMean, least, overAll, type Ratio, stated } from './ratios.ts';

export interface QualityOptions {
  /** Folders; none: the one that the project has. */
  readonly data: readonly string[];
  /** Names of folders whose users never come back to an item, so that none is listed again. */
  readonly excludeSeen: readonly string[];
  /** The model that is judged. */
  readonly model: string;
  readonly moments: readonly Moment[];
  /** Tests, at most, of data that has more than 20,000 that could be tested. */
  readonly sample: number;
  /** Whether our own models are compared with the reference methods that they are to equal. */
  readonly agreement: boolean;
  readonly say: (line: string) => void;
}

type Overall<Name extends string> = Readonly<
  Record<`blend_${Name}20_ratio_${'min' | 'geomean'}`, number>
> &
  Readonly<Record<`blend_${Name}20_ratio_${'min' | 'geomean'}_interval`, Interval | null>>;

export type QualityResult = Overall<'hr'> &
  Overall<'mrr'> & {
    readonly model: string;
    readonly kind: string;
    /** When lists were made. */
    readonly lists: string;
    readonly data: Readonly<Record<string, QualityFigures>>;
  };

/** How much better the model's lists are than those of the best single method, by data set. */
export async function benchQuality(options: QualityOptions): Promise<QualityResult> {
  const folders =
    options.data.length > 0 ? options.data : [join(projectDir, 'data', 'online_retail')];
  const definition: ModelDefinition = readModel(options.model);
  const settings = evaluationSettings();
  const found: DataQuality[] = [];
  for (const folder of folders) {
    const name = basename(folder);
    const { table, items, faults, file } = await readData(folder, { types: null });
    for (const line of faults.lines(file)) options.say(line);
    options.say(`${name}: ${table.length} events`);
    const types = [...new Set([...settings.types, ...table.types])];
    found.push(
      await qualityOnData(table, {
        definition,
        settings: { ...settings, types },
        items,
        excludesSeen: options.excludeSeen.includes(name),
        moments: options.moments,
        sample: options.sample,
        agreement: options.agreement,
        say: options.say,
      }),
    );
  }
  const [main = 'request'] = options.moments;
  return {
    model: definition.model,
    kind: definition.kind,
    lists: says[main],
    data: Object.fromEntries(found.map(({ name, figures }) => [name, figures])),
    ...overallOf(found, 'hr'),
    ...overallOf(found, 'mrr'),
  };
}

const says: Readonly<Record<Moment, string>> = {
  request:
    'made when the next event happens, as those of the reference; figures with _ahead: made right after the last event of the user, as the stack does it',
  ahead: 'made right after the last event of the user, as the stack does it',
};

const overallOf = <Name extends 'hr' | 'mrr'>(
  found: readonly DataQuality[],
  metric: Name,
): Overall<Name> => {
  const ratios: readonly Ratio[] = found.map((one) => one.ratios[metric]);
  const min = stated(overAll(ratios, least));
  const mean = stated(overAll(ratios, geometricMean));
  return {
    [`blend_${metric}20_ratio_min`]: min.value,
    [`blend_${metric}20_ratio_min_interval`]: min.interval,
    [`blend_${metric}20_ratio_geomean`]: mean.value,
    [`blend_${metric}20_ratio_geomean_interval`]: mean.interval,
  } as Overall<Name>;
};
