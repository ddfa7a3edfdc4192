import { z } from 'zod';

import { type Environment, parseEnvironment, whole } from '../../lib/config/environment.ts';
import { weightsAgeMsMax } from '../../retrieval/learned-weights.ts';

const schema = z.object({
  FRESHET_CANDIDATES_SLICE_RECORDS_MAX: whole(1, 100_000).default(16_384),
  FRESHET_CANDIDATES_USERS_AT_ONCE: whole(1, 1_024).default(64),
  FRESHET_CANDIDATES_DEPTH_TIMES_MAX: whole(1, 10).default(3),
  FRESHET_CANDIDATES_FIGURES_AGE_MS: whole(0, 5_000).default(5_000),
  FRESHET_CANDIDATES_FIGURES_MAX: whole(1_000, 5_000_000).default(200_000),
  FRESHET_CANDIDATES_ROWS_AGE_MS: whole(0, 5_000).default(1_000),
  FRESHET_CANDIDATES_ROWS_MIB: whole(1, 4_096).default(64),
  FRESHET_CANDIDATES_OPEN_EXAMPLES_MAX: whole(0, 1_000_000).default(1_000),
  FRESHET_CANDIDATES_RANKINGS_AGE_MS: whole(0, 5_000).default(1_000),
  FRESHET_CANDIDATES_WARM_DAYS: whole(0, 3_650).default(30),
  FRESHET_CANDIDATES_WEIGHTS_AGE_MS: whole(0, 5_000).default(weightsAgeMsMax),
});

/** Nothing here is part of an identity: it bounds work and memory, not the result. */
export interface CandidatesConfig {
  /** Large, because a backlog then makes one list for many events of a user. */
  readonly sliceRecordsMax: number;
  /** Users whose lists are made with one round trip per read. */
  readonly usersAtOnce: number;
  /** A list is at most so many times as long as its model's depth. 1: never longer. */
  readonly depthTimesMax: number;
  readonly figuresAgeMsMax: number;
  readonly figuresMax: number;
  readonly rowsAgeMsMax: number;
  readonly rowsBytesMax: number;
  /** Of a model, over all partitions; past it the users alone who are always logged. */
  readonly openExamplesMax: number;
  readonly rankingAgeMsMax: number;
  /** Users who were active within so many days have a list before a version counts as warm. */
  readonly warmDays: number;
  readonly weightsAgeMsMax: number;
}

export function candidatesConfig(environment: Environment = process.env): CandidatesConfig {
  const settings = parseEnvironment(schema, environment);
  return Object.freeze({
    sliceRecordsMax: settings.FRESHET_CANDIDATES_SLICE_RECORDS_MAX,
    usersAtOnce: settings.FRESHET_CANDIDATES_USERS_AT_ONCE,
    depthTimesMax: settings.FRESHET_CANDIDATES_DEPTH_TIMES_MAX,
    figuresAgeMsMax: settings.FRESHET_CANDIDATES_FIGURES_AGE_MS,
    figuresMax: settings.FRESHET_CANDIDATES_FIGURES_MAX,
    openExamplesMax: settings.FRESHET_CANDIDATES_OPEN_EXAMPLES_MAX,
    rankingAgeMsMax: settings.FRESHET_CANDIDATES_RANKINGS_AGE_MS,
    warmDays: settings.FRESHET_CANDIDATES_WARM_DAYS,
    weightsAgeMsMax: settings.FRESHET_CANDIDATES_WEIGHTS_AGE_MS,
    rowsAgeMsMax: settings.FRESHET_CANDIDATES_ROWS_AGE_MS,
    rowsBytesMax: settings.FRESHET_CANDIDATES_ROWS_MIB * 1024 * 1024,
  });
}
