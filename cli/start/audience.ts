import type { Catalogue } from '../../models/catalogue.ts';
import type { NotSeenReach } from './seen-check.ts';
import type { Visit } from './visitors.ts';

const dayMs = 86_400_000;
/** What all bundled events are. */
const eventType = 'purchase';
const preferred = ['home-feed', 'basket'];

/** The two contexts that are asked in: the shipped ones, if these are there. */
export function contextsIn(catalogue: Catalogue): string[] {
  const there = [...catalogue.contexts.keys()];
  const chosen = preferred.filter((name) => there.includes(name));
  return [...chosen, ...there.filter((name) => !chosen.includes(name))].slice(0, 2);
}

/** Contexts in which nothing that was bought may be answered with, and how far back that goes. */
export function notSeenReach(catalogue: Catalogue): NotSeenReach {
  const reach = new Map<string, number>();
  for (const [name, { definition }] of catalogue.contexts) {
    for (const rule of definition.rules) {
      if (rule.rule !== 'not-seen') continue;
      if (rule.kinds !== undefined && !rule.kinds.includes(eventType)) continue;
      const ms = rule.withinDays === undefined ? Infinity : rule.withinDays * dayMs;
      reach.set(name, Math.max(reach.get(name) ?? 0, ms));
    }
  }
  return reach;
}

/** Who asks where, in turn: every fourth request is of a user whose answers are shown. */
export function visits(options: {
  readonly users: readonly string[];
  readonly shown: readonly string[];
  readonly contexts: readonly string[];
  /** Beside those that are shown, so many ask in the first context. */
  readonly firstContextUsersMax?: number;
}): () => Visit {
  const { users, shown, contexts, firstContextUsersMax = users.length } = options;
  const pick = (list: readonly string[], n: number): string => list[n % list.length] ?? '';
  let asked = 0;
  return () => {
    asked += 1;
    if (asked % 4 === 0) return { userId: pick(shown, asked / 4), contextId: pick(contexts, 0) };
    const contextId = pick(contexts, asked);
    const turn = contextId === contexts[0] ? asked % (4 * firstContextUsersMax) : asked;
    return { userId: pick(users, turn * 7_919), contextId };
  };
}
