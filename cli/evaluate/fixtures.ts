import { randomOf, zipf } from '../../bench/micro/synthetic.ts';
import { type ModelDefinition, parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import type { EngineEvent } from './engine.ts';
import type { UserSettings } from './users.ts';

/** For tests: an installation, models of it, and events that need everything of the folds. */
export const settings: UserSettings = {
  types: ['view', 'purchase'],
  features: { recentsMax: 20, halfLifeMs: 30 * 86_400_000, sessionGapMs: 1_800_000 },
  seen: { itemsMax: 2_000, ageMsMax: 400 * 86_400_000 },
  recentItemsMax: 10,
  horizonMs: 400 * 86_400_000,
};

export const modelOf = (kind: string, given: object = {}): ModelDefinition => {
  const parsed = parseModel(JSON.stringify({ model: kind, kind, ...given }), kinds);
  if (!parsed.ok) throw new Error(parsed.faults.join('; '));
  return parsed.value;
};

/** In the log's order, some of them late, some of a type that nobody configured. */
export const eventsOf = (count: number, seed = 1): EngineEvent[] => {
  const random = randomOf(seed);
  const item = zipf(300, 1, random);
  const events: EngineEvent[] = [];
  let atMs = 1_700_000_000_000;
  for (let n = 0; n < count; n++) {
    atMs += Math.floor(random() * 2) * Math.floor(random() * 900_000);
    const late = random() < 0.05 ? Math.floor(random() * 10_000_000) : 0;
    const type = ['view', 'view', 'view', 'purchase', 'other'][Math.floor(random() * 4.05)];
    const user = Math.floor(random() * random() * 60);
    events.push({
      userId: `u${user}`,
      itemId: `i${(item() + 7 * user) % 300}`,
      type: type ?? 'view',
      atMs: atMs - late,
    });
  }
  return events;
};
