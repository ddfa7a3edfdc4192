import { type Asked, figuresOf, lowMarkOf } from '../../experiments/counted.ts';
import { holdoutOf } from '../../experiments/catalogue.ts';
import type { ExperimentRecord } from '../../experiments/definition.ts';
import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { openRedis } from '../../lib/redis/redis-port.ts';
import type { ExperimentPartials } from '../../schemas/packed/experiment-partials.ts';
import { experimentsConfig } from '../../services/experiments/config.ts';
import { readPartials } from '../../services/experiments/read-partials.ts';
import { readDefinitions } from '../data/definitions.ts';
import { assess, type Assessed, type ReadExperiment } from './assessed.ts';

/** All experiments, as their topic has them and as they are counted now, by name. */
export async function readExperiments(config: CommonConfig): Promise<readonly Assessed[]> {
  const [{ experiments, catalogue }, partials] = await Promise.all([
    readDefinitions(config),
    partialsOf(config),
  ]);
  const { latenessMs } = experimentsConfig();
  const nowMs = now();
  const marks = partials.map(lowMarkOf).filter((markMs) => markMs >= 0);
  return [...experiments.all]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { record, revision }]) =>
      assess({
        record,
        revision,
        ...countedOf(record, partials, latenessMs),
        context: catalogue.contexts.get(record.definition.context)?.definition ?? null,
        countedToMs: marks.length === 0 ? null : Math.min(...marks),
        nowMs,
      }),
    );
}

export async function readExperiment(config: CommonConfig, id: string): Promise<Assessed> {
  const all = await readExperiments(config);
  const found = all.find(({ record }) => record.definition.experiment === id);
  if (found !== undefined) return found;
  const names = all.map(({ record }) => record.definition.experiment);
  const known = names.length === 0 ? 'there is none yet' : `there are: ${names.join(', ')}`;
  throw new UserError(`there is no experiment '${id}'; ${known}`);
}

const countedOf = (
  { definition, state }: ExperimentRecord,
  partials: readonly ExperimentPartials[],
  latenessMs: number,
): Pick<ReadExperiment, 'figures' | 'holdout'> => {
  // A draft may have the name of one that was deleted.
  if (state === 'draft') return { figures: null, holdout: null };
  const { experiment, variants, outcome, layer, holdout } = definition;
  const asked: Asked = {
    experiment,
    variants: variants.map(({ variant }) => variant),
    measure: outcome.measure,
    latenessMs,
  };
  const held = { ...asked, experiment: holdoutOf(layer), variants: ['holdout'] };
  return {
    figures: figuresOf(partials, asked),
    holdout: holdout > 0 ? (figuresOf(partials, held)?.variants[0] ?? null) : null,
  };
};

/** None where the service was never started. */
async function partialsOf(config: CommonConfig): Promise<readonly ExperimentPartials[]> {
  const redis = await openRedis(config.redis);
  try {
    return (await readPartials(redis, config.prefix)) ?? [];
  } finally {
    await redis.close();
  }
}
