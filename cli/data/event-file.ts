import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { UserEvent } from '../../schemas/generated/user-event.ts';
import { ingestConfig } from '../../services/ingest/config.ts';
import type { EventLimits } from '../../services/ingest/ingest.ts';
import { eventColumns, eventNames, eventOf, eventTimeNames } from './event-rows.ts';
import type { RowFaults } from './faults.ts';
import { FieldFault, timeOf, unknownNames } from './fields.ts';
import type { InputFile } from './input-file.ts';
import { type Row, rowsOf } from './rows.ts';

export interface EventSelection {
  readonly shiftMs?: number;
  /** Rows passed over at the start, and rows looked at after these. */
  readonly skip?: number;
  readonly limit?: number;
}

/** What ingest of this installation refuses, so that people are told before anything is sent. */
export const eventLimits = (config: CommonConfig): EventLimits => ({
  ...ingestConfig(),
  types: new Set(config.types),
});

/** The events of a file, some at a time, in the file's order; rows with faults go to `faults`. */
export async function* eventsOf(
  file: InputFile,
  options: EventSelection & { readonly limits: EventLimits; readonly faults: RowFaults },
): AsyncGenerator<readonly UserEvent[]> {
  const { faults, limits, shiftMs = 0 } = options;
  for await (const rows of selected(file, options)) {
    const rules = { limits, shiftMs, nowMs: now() };
    const events: UserEvent[] = [];
    for (const { line, row, fields, fault } of rows) {
      if (fields === null) {
        faults.add(line, fault ?? 'cannot be read');
        continue;
      }
      for (const name of unknownNames(fields, eventNames)) faults.unknown.add(name);
      try {
        events.push(eventOf(fields, `${file.sha16}-${row}`, rules));
      } catch (error) {
        if (!(error instanceof FieldFault)) throw error;
        faults.add(line, error.message);
      }
    }
    if (events.length > 0) yield events;
  }
}

/** Rows and the latest time of an event in the selection, looked up before a replay. */
export interface FileSurvey {
  readonly rows: number;
  readonly lastAtMs: number | null;
}

export async function surveyEvents(
  file: InputFile,
  selection: EventSelection = {},
): Promise<FileSurvey> {
  let rows = 0;
  let lastAtMs: number | null = null;
  const nowMs = now();
  for await (const batch of selected(file, selection)) {
    rows += batch.length;
    for (const { fields } of batch) {
      if (fields === null) continue;
      const atMs = quietTime(fields, nowMs);
      if (atMs !== null && (lastAtMs === null || atMs > lastAtMs)) lastAtMs = atMs;
    }
  }
  return { rows, lastAtMs };
}

function quietTime(fields: Readonly<Record<string, unknown>>, nowMs: number): number | null {
  try {
    return timeOf(fields, eventTimeNames, nowMs);
  } catch {
    return null;
  }
}

async function* selected(
  file: InputFile,
  { skip = 0, limit = Infinity }: EventSelection,
): AsyncGenerator<readonly Row[]> {
  const last = skip + limit;
  for await (const rows of rowsOf(file, eventColumns)) {
    const kept = rows.filter(({ row }) => row > skip && row <= last);
    if (kept.length > 0) yield kept;
    if ((rows.at(-1)?.row ?? 0) >= last) return;
  }
}
