import type { EventRules } from '../data/event-rows.ts';
import { eventOf } from '../data/event-rows.ts';
import { FieldFault } from '../data/fields.ts';
import type { InputFile } from '../data/input-file.ts';
import { rowsOf } from '../data/rows.ts';

/** What the launcher knows by itself of who did what: to judge answers, and to pick users. */
export interface Known {
  /** Per user and item, when it was last seen, from the part that is replayed at full speed. */
  readonly before: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Users of the paced part, by their number of events there, most first. */
  readonly active: readonly string[];
  /** Ids of events of the last tenth whose user had had the item before. */
  readonly repeats: ReadonlySet<string>;
}

export async function readKnown(
  file: InputFile,
  part: {
    readonly skip: number;
    readonly pacedFrom: number;
    readonly judgedFrom: number;
    readonly rules: EventRules;
  },
): Promise<Known> {
  const before = new Map<string, Map<string, number>>();
  const active = new Map<string, number>();
  const repeats = new Set<string>();
  const had = new Set<string>();
  for await (const rows of rowsOf(file)) {
    for (const { fields, row } of rows) {
      if (row <= part.skip || fields === null) continue;
      let event;
      try {
        event = eventOf(fields, `${file.sha16}-${row}`, part.rules);
      } catch (error) {
        if (error instanceof FieldFault) continue;
        throw error;
      }
      const { event_id: id, user_id: user, item_id: item, occurred_at: atMs } = event;
      const pair = `${user}\n${item}`;
      if (row > part.judgedFrom && had.has(pair)) repeats.add(id);
      had.add(pair);
      if (row > part.pacedFrom) active.set(user, (active.get(user) ?? 0) + 1);
      else {
        let items = before.get(user);
        if (items === undefined) before.set(user, (items = new Map<string, number>()));
        items.set(item, Math.max(items.get(item) ?? 0, atMs));
      }
    }
  }
  const byEvents = [...active].toSorted(([, a], [, b]) => b - a);
  return { before, active: byEvents.map(([user]) => user), repeats };
}
