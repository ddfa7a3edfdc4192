import { neighbourKind } from '../neighbours/kind.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';

/** What was visited in recent sessions like the present one: VMIS-kNN, kept by the stream. */
export const sessionNeighbours = neighbourKind<Learning, Retrieval>({
  kind: 'session-neighbours',
  revision: 2,
  source:
    'Kersbergen, Sprangers, Schelter: Serenade - Low-Latency Session-Based Recommendation in e-Commerce at Scale, SIGMOD 2022',
  learningSchema,
  retrievalSchema,
  learning: (given) => ({
    sort: 's',
    actorsPerItemMax: given.sessionsPerItemMax,
    actorsMax: given.sessionsMax,
    itemsMax: given.itemsPerSessionMax,
    renews: false,
    typeWeights: given.typeWeights,
  }),
  compared: ({ history, comparedSessionsMax }) => ({ history, comparedMax: comparedSessionsMax }),
});
