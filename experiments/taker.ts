import type { Catalogue, DefinitionRecord, Taken } from '../models/catalogue.ts';
import type { Experiments } from './catalogue.ts';

/** What followers of definitions tell, where experiments count too. */
export interface TakerOfAll {
  takeModel(key: string, record: DefinitionRecord | null): Taken;
  takeContext(key: string, record: DefinitionRecord | null): Taken;
  takeExperiment(key: string, record: DefinitionRecord | null): Taken;
}

/** Takes all three; what experiments name is in use from then on, as if a context named it. */
export const takerOfAll = (catalogue: Catalogue, experiments: Experiments): TakerOfAll => ({
  takeModel: (key, record) => catalogue.takeModel(key, record),
  takeContext: (key, record) => catalogue.takeContext(key, record),
  takeExperiment: (key, record) => {
    const taken = experiments.take(key, record);
    if (taken.kind === 'changed') catalogue.useAlso(experiments.versionsInUse());
    return taken;
  },
});
