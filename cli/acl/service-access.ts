/**
 * What each service touches beyond its topics, which say themselves who reads and writes them. A
 * test holds this to the services' own declarations, and another runs everything under it.
 */
export interface ServiceAccess {
  /** The fold whose state it keeps; null: none. */
  readonly keeps: string | null;
  /** Folds whose state it reads. */
  readonly reads: readonly string[];
  /** Folds of which it needs only to know which generation is current. */
  readonly follows: readonly string[];
  /** Folds of which it looks at no row, only at how far they are. */
  readonly measures: readonly string[];
  /** Topics of which it reads nothing, only where they end. */
  readonly lengths: readonly string[];
  /** Whether records that it cannot use go to failed-events. */
  readonly fails: boolean;
}

/** Letters that start the folds' keys, as their topologies have them. */
export const foldCodes: Readonly<Record<string, string>> = {
  control: 'k',
  ingest: 'i',
  'user-features': 'f',
  'seen-items': 's',
  signals: 'g',
  learning: 'l',
  candidates: 'c',
  weights: 'w',
  external: 'x',
  served: 'v',
  repartition: 'r',
  experiments: 'e',
};

/** A fold per learning identity: `learning:<identity>`. */
export const hasIdentities = (fold: string): boolean => fold === 'learning';

const stateless: ServiceAccess = {
  keeps: null,
  reads: [],
  follows: [],
  measures: [],
  lengths: [],
  fails: false,
};

const folding = (keeps: string, more: Partial<ServiceAccess> = {}): ServiceAccess => ({
  ...stateless,
  keeps,
  fails: true,
  ...more,
});

/** Interactions count by the generation of `ingest` that wrote them. */
const ofInteractions = { follows: ['ingest'] };

/** `freshet failed` judges by the settings of what is current, and asks which ids have counted. */
export const repairAccess: ServiceAccess = {
  ...stateless,
  follows: ['external'],
  measures: ['ingest'],
};

export const serviceAccess: Readonly<Record<string, ServiceAccess>> = {
  control: folding('control'),
  ingest: folding('ingest'),
  'user-features': folding('user-features', ofInteractions),
  'seen-items': folding('seen-items', ofInteractions),
  signals: folding('signals', ofInteractions),
  learning: folding('learning', { follows: ['signals'] }),
  candidates: folding('candidates', {
    reads: ['user-features', 'seen-items', 'learning', 'weights', 'external'],
    measures: ['signals'],
    lengths: ['item-signals'],
    fails: false,
  }),
  weights: folding('weights', { follows: ['candidates'] }),
  external: folding('external'),
  served: folding('served'),
  repartition: folding('repartition'),
  experiments: folding('experiments', {
    ...ofInteractions,
    // Exposures come through it, from the second set of internal topics on.
    measures: ['repartition'],
  }),
  serving: {
    ...stateless,
    reads: [
      'seen-items',
      'served',
      'user-features',
      'candidates',
      'weights',
      'learning',
      'external',
    ],
  },
  metrics: stateless,
};
