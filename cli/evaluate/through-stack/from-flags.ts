import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';

import { commonConfig } from '../../../lib/config/common.ts';
import { UserError } from '../../../lib/errors.ts';
import { kinds } from '../../../models/kinds.ts';
import type { StackAddresses } from '../../../stack/stack.ts';
import { textTable } from '../../data/text-table.ts';
import { evaluationSettings } from '../config.ts';
import { fileIn, readData } from '../data.ts';
import { readModel } from '../definitions.ts';
import { Engine, type EngineEvent } from '../engine.ts';
import type { EventTable } from '../event-table.ts';
import { evaluationProgress } from '../progress.ts';
import { throughStack, type ThroughStackResult } from './through-stack.ts';

export interface ThroughStackFlags {
  readonly model: readonly string[];
  readonly data: string;
  readonly items: string | undefined;
  readonly events: number;
}

/** What `freshet evaluate --through-stack` does, but for saying what came of it. */
export async function compareThroughStack(flags: ThroughStackFlags): Promise<ThroughStackResult> {
  const settings = evaluationSettings();
  const { types } = settings;
  const itemsFile = flags.items ?? (isFolder(flags.data) ? fileIn(flags.data, 'items') : null);
  const given = itemsFile === null ? { types } : { types, items: itemsFile };
  const { table, items, faults, file } = await readData(flags.data, given);
  for (const line of faults.lines(file)) console.error(line);
  const engine = new Engine({
    definitions: flags.model.map(readModel),
    kinds,
    settings,
    items,
    keepsSeen: true,
  });
  const events = firstOf(table, flags.events);
  const progress = evaluationProgress(events.length);
  const result = await throughStack(events, {
    engine,
    addresses: running(),
    prefix: `evaluate-${randomUUID().slice(0, 8)}`,
    itemsFile,
    say: (line) => console.error(line),
    onEvent: (done) => progress.at(done),
  });
  progress.end();
  return result;
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** Null: none runs, so that one has to be started. */
const running = (): StackAddresses | null => {
  try {
    const { kafka, registry, redis } = commonConfig();
    const kafkaBrokers = kafka.brokers.join(',');
    return { kafkaBrokers, registryUrl: registry.url, redisUrl: redis.url };
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
};

const firstOf = (table: EventTable, count: number): EngineEvent[] =>
  Array.from({ length: Math.min(count, table.length) }, (_, at) => ({
    userId: table.userIds[table.user[at] as number] as string,
    itemId: table.itemIds[table.item[at] as number] as string,
    type: table.types[table.type[at] as number] as string,
    atMs: table.atMs[at] as number,
  }));

/** What people read. */
export const comparison = ({ models, events, difference, ms_per_event: ms }: ThroughStackResult) =>
  [
    `${events} events one by one through the services, ${ms.toFixed(0)} ms each`,
    textTable(
      ['', 'lists', 'agree', 'candidates'],
      models.map(({ name, lists, agreeing, candidates }) => [
        name,
        String(lists),
        String(agreeing),
        String(candidates),
      ]),
    ),
    difference === null
      ? 'every list of the services is the very list of the evaluation'
      : `the first that differs: ${difference.model} after event ${difference.event} of user ` +
        `${difference.user}, at rank ${difference.rank}: ${difference.engine} in the evaluation, ` +
        `${difference.stack} in the services`,
  ].join('\n');
