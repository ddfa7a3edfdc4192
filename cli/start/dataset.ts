import { join } from 'node:path';

import { now } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { eventLimits, surveyEvents } from '../data/event-file.ts';
import { type InputFile, openInputFile } from '../data/input-file.ts';
import { itemOf } from '../data/item-rows.ts';
import { rowsOf } from '../data/rows.ts';
import { type Known, readKnown } from './purchases.ts';

const folder = join(projectDir, 'data/online_retail');
export const datasetName = 'UCI Online Retail (Chen, 2015; CC BY 4.0)';

/** Sent at a rate, with requests in between: where freshness is measured. */
export const pacedEvents = 5_000;

/** The bundled purchases, moved so that the last one is now. */
export interface Dataset {
  readonly events: InputFile;
  readonly items: InputFile;
  /** Rows before the first that is sent. */
  readonly skip: number;
  /** The last row that is sent at full speed. */
  readonly pacedFrom: number;
  /** The last row before the tenth whose answers are judged. */
  readonly judgedFrom: number;
  /** Rows that are sent in all. */
  readonly total: number;
  readonly shiftMs: number;
  readonly titles: ReadonlyMap<string, string>;
  readonly known: Known;
}

/** `newest`: only so many events, the newest ones. */
export async function openDataset(config: CommonConfig, newest?: number): Promise<Dataset> {
  const events = await openInputFile(join(folder, 'events.csv.gz'));
  const items = await openInputFile(join(folder, 'items.csv.gz'));
  const { rows, lastAtMs } = await surveyEvents(events);
  const total = Math.min(rows, newest ?? rows);
  const skip = rows - total;
  const paced = total > 2 * pacedEvents ? pacedEvents : Math.floor(total / 2);
  const nowMs = now();
  const shiftMs = nowMs - (lastAtMs ?? nowMs);
  const rules = { limits: eventLimits(config), shiftMs, nowMs };
  const pacedFrom = rows - paced;
  const judgedFrom = rows - Math.floor(total / 10);
  const known = await readKnown(events, { skip, pacedFrom, judgedFrom, rules });
  return {
    events,
    items,
    skip,
    pacedFrom,
    judgedFrom,
    total,
    shiftMs,
    titles: await titlesIn(items),
    known,
  };
}

async function titlesIn(file: InputFile): Promise<Map<string, string>> {
  const titles = new Map<string, string>();
  for await (const rows of rowsOf(file)) {
    for (const { fields } of rows) {
      if (fields === null) continue;
      const { item_id: id, title } = itemOf(fields, 0);
      titles.set(id, title);
    }
  }
  return titles;
}
