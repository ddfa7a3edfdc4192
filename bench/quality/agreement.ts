import type { UserSettings } from '../../cli/evaluate/users.ts';
import { type ModelDefinition, parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';

/** A model of ours set as a reference method is, and that method's name. */
export interface Twin {
  readonly definition: ModelDefinition;
  readonly reference: string;
}

const modelOf = (definition: object): ModelDefinition => {
  const parsed = parseModel(JSON.stringify(definition), kinds);
  if (!parsed.ok) throw new Error(parsed.faults.join('; '));
  return parsed.value;
};

/** The reference pairs an event with its user's last 20; so many are kept of users here too. */
export const twinSettings = (settings: UserSettings): UserSettings => ({
  ...settings,
  recentItemsMax: 20,
  features: { ...settings.features, recentsMax: Math.max(20, settings.features.recentsMax) },
});

/** Past so many items rows that hold every pair would not fit in memory. */
const itemsMax = 12_000;

/**
 * `co-visits` with nothing pruned, which its configuration does not allow, and
 * `session-neighbours`, each as the reference program is set.
 */
export const twins = (items: number, excludesSeen: boolean): Twin[] => {
  const depth = excludesSeen ? 1_000 : 100;
  const sessions = [false, true].map((idf) => ({
    definition: modelOf({
      model: `session-neighbours-${idf ? 'idf' : 'plain'}`,
      kind: 'session-neighbours',
      retrieval: { history: true, idf, depth },
    }),
    reference: `vmis_idf${idf ? 1 : 0}`,
  }));
  if (items > itemsMax) return sessions;
  const pruned = modelOf({
    model: 'co-visits-unpruned',
    kind: 'co-visits',
    learning: { halfLifeDays: null },
    retrieval: { shrink: 10, depth },
  });
  const unpruned: ModelDefinition = {
    ...pruned,
    learning: { ...pruned.learning, neighboursMax: Math.max(8, items) },
    retrieval: { ...pruned.retrieval, scoredItemsMax: excludesSeen ? items : 500 },
  };
  return [{ definition: unpruned, reference: 'i2i_cos_s10' }, ...sessions];
};
