import { neighbourKind } from '../neighbours/kind.ts';
import { type Learning, type Retrieval, learningSchema, retrievalSchema } from './config.ts';

/** What users with similar recent items visited lately. */
export const userNeighbours = neighbourKind<Learning, Retrieval>({
  kind: 'user-neighbours',
  revision: 2,
  source:
    'Sarwar, Karypis, Konstan, Riedl: Analysis of Recommendation Algorithms for E-Commerce, EC 2000',
  learningSchema,
  retrievalSchema,
  learning: (given) => ({
    sort: 'u',
    actorsPerItemMax: given.usersPerItemMax,
    actorsMax: given.usersMax,
    itemsMax: given.itemsPerUserMax,
    renews: true,
    typeWeights: given.typeWeights,
  }),
  compared: ({ comparedUsersMax }) => ({ history: true, comparedMax: comparedUsersMax }),
});
