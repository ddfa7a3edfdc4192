import type { Interaction } from '../../schemas/generated/interaction.ts';
import { plainEvent } from '../../schemas/plain-event.ts';
import type { EngineEvent } from './engine.ts';

/** What ingest would make of the event, as the `clock`th of its one partition. */
export const interactionOf = (event: EngineEvent, clock: number): Interaction => {
  const { userId, itemId, type, atMs } = event;
  return {
    ...plainEvent({ eventId: '', userId, itemId, type, atMs }),
    appended_at: atMs,
    event_clock: clock,
    merged: [],
    merged_from: null,
    lineage: '',
    source_partition: 0,
    source_offset: clock - 1,
  };
};
