import { Engine, type Moment } from '../../cli/evaluate/engine.ts';
import { EngineParticipant } from '../../cli/evaluate/engine-participant.ts';
import type { EventTable } from '../../cli/evaluate/event-table.ts';
import type { Happened, Participant, Request } from '../../cli/evaluate/replay.ts';
import type { UserSettings } from '../../cli/evaluate/users.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import type { ItemTable } from '../../models/item-table.ts';
import { kinds } from '../../models/kinds.ts';
import { filled } from './reference/best.ts';
import { listLength, type ReferenceMethods } from './reference/methods.ts';

const nobody: ReadonlySet<number> = new Set();

export interface ContenderOptions {
  readonly definitions: readonly ModelDefinition[];
  readonly settings: UserSettings;
  readonly items: ItemTable | null;
  readonly table: EventTable;
  readonly moment: Moment;
  readonly excludesSeen: boolean;
  /** What fills up short lists, for everybody alike. */
  readonly reference: ReferenceMethods;
}

/** Models of ours under the rules of the reference: its lists are full, so ours are filled too. */
export class Contender implements Participant {
  readonly names: readonly string[];
  readonly engine: Engine;
  readonly #participant: EngineParticipant;
  readonly #options: ContenderOptions;

  constructor(options: ContenderOptions) {
    const { definitions, settings, items, table, moment, excludesSeen } = options;
    this.#options = options;
    this.engine = new Engine({ definitions, kinds, settings, items, keepsSeen: true });
    const choice = { moment, excludesSeen, length: listLength, contexts: [] };
    this.#participant = new EngineParticipant(this.engine, table, choice);
    this.names = this.#participant.names.map((name) => `${name} ${moment}`);
  }

  predict(request: Request): number[][] {
    const { reference, excludesSeen } = this.#options;
    const banned = excludesSeen ? request.had : nobody;
    const lists = this.#participant.predict(request);
    if (lists.every(({ length }) => length === listLength)) return lists;
    const filler = reference.filler(request);
    return lists.map((list) => filled(list, filler, { count: listLength, banned }));
  }

  learn(event: Happened): void {
    this.#participant.learn(event);
  }
}
