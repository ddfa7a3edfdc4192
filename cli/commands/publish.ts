import type { Command } from 'commander';

import { now } from '../../lib/clock.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { type Item, itemSchema } from '../../schemas/generated/item.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { items as itemsTopic } from '../../topics/items.ts';
import { userEvents } from '../../topics/user-events.ts';
import { eventLimits, eventsOf } from '../data/event-file.ts';
import { RowFaults } from '../data/faults.ts';
import { FieldFault, unknownNames } from '../data/fields.ts';
import { type InputFile, openInputFile } from '../data/input-file.ts';
import { holdsEvents, itemColumns, itemNames, itemOf } from '../data/item-rows.ts';
import { rowsOf } from '../data/rows.ts';
import { againIfLate } from '../data/send-again.ts';
import { sendEvents } from '../data/send-events.ts';
import { type Entry, openTopicWriter } from '../data/topic-writer.ts';
import { print } from '../output.ts';

export interface Published {
  readonly file: string;
  readonly published: number;
  readonly faults: RowFaults;
}

interface PublishFlags {
  readonly items?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

export function registerPublishCommand(program: Command): void {
  program
    .command('publish')
    .argument('[file]', 'events as JSON lines or CSV with a header, also as .gz; - is stdin')
    .description(
      'publish events (user_id, item_id, type, occurred_at, ...) to user-events, or items to items',
    )
    .option('--items <file>', 'publish items (item_id, title, categories, ...)')
    .option('--strict', 'publish nothing if any line has a fault')
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      `
A file's events get the ids <first 16 hex digits of its SHA-256>-<row>, unless a line has its own
event_id: publishing a file again changes nothing. Times are milliseconds since 1970, ISO 8601
with a zone, or the word now. Lines with faults are named and left out; the exit code is 1 only
if nothing was published, or with --strict, which publishes all lines or none.

  npx freshet publish events.csv.gz
  echo '{"user_id":"u1","item_id":"i1","type":"view","occurred_at":"now"}' | npx freshet publish -`,
    )
    .action(publish);
}

async function publish(name: string | undefined, flags: PublishFlags): Promise<void> {
  if (name === undefined && flags.items === undefined) {
    throw new UserError('name a file of events (- for stdin), or --items FILE');
  }
  if (name === '-' && flags.items === '-') throw new UserError('stdin can be read only once');
  const config = commonConfig();
  const strict = flags.strict === true;
  // Items first: an event's item should be known when its recommendation is shown.
  if (flags.items !== undefined) {
    const done = await fromFile(flags.items, (file) => publishItems(file, config, strict));
    say('items', done, flags);
  }
  if (name !== undefined) {
    const done = await fromFile(name, (file) => publishEvents(file, config, strict));
    say('events', done, flags);
  }
}

async function fromFile(
  name: string,
  work: (file: InputFile) => Promise<Published>,
): Promise<Published> {
  const file = await openInputFile(name);
  try {
    return await work(file);
  } finally {
    file.close();
  }
}

export async function publishEvents(
  file: InputFile,
  config: CommonConfig,
  strict = false,
): Promise<Published> {
  const limits = eventLimits(config);
  if (strict) {
    const faults = new RowFaults();
    for await (const events of eventsOf(file, { limits, faults })) void events;
    refuse(file, faults);
  }
  const writer = await openTopicWriter<UserEvent>(config, {
    topic: userEvents,
    schema: userEventSchema,
  });
  const faults = new RowFaults();
  try {
    const published = await againIfLate(file.name, () =>
      sendEvents(eventsOf(file, { limits, faults }), writer),
    );
    return { file: file.name, published, faults };
  } finally {
    await writer.close();
  }
}

export async function publishItems(
  file: InputFile,
  config: CommonConfig,
  strict = false,
): Promise<Published> {
  if (await holdsEvents(file)) {
    throw new UserError(
      `${file.name} holds events, not items: publish it without --items, or give rows with a title, categories or dates`,
    );
  }
  if (strict) {
    const faults = new RowFaults();
    for await (const entries of itemEntries(file, faults)) void entries;
    refuse(file, faults);
  }
  const writer = await openTopicWriter<Item>(config, { topic: itemsTopic, schema: itemSchema });
  const faults = new RowFaults();
  let published = 0;
  try {
    for await (const entries of itemEntries(file, faults)) {
      await againIfLate(file.name, () => writer.send(entries));
      published += entries.length;
    }
    return { file: file.name, published, faults };
  } finally {
    await writer.close();
  }
}

async function* itemEntries(file: InputFile, faults: RowFaults): AsyncGenerator<Entry<Item>[]> {
  const nowMs = now();
  for await (const rows of rowsOf(file, itemColumns)) {
    const entries: Entry<Item>[] = [];
    for (const { line, fields, fault } of rows) {
      if (fields === null) {
        faults.add(line, fault ?? 'cannot be read');
        continue;
      }
      for (const name of unknownNames(fields, itemNames)) faults.unknown.add(name);
      try {
        const value = itemOf(fields, nowMs);
        entries.push({ key: value.item_id, value });
      } catch (error) {
        if (!(error instanceof FieldFault)) throw error;
        faults.add(line, error.message);
      }
    }
    yield entries;
  }
}

function refuse(file: InputFile, faults: RowFaults): void {
  if (faults.count === 0) return;
  for (const line of faults.lines(file.name)) console.error(line);
  throw new UserError(`nothing was published: ${faults.count} line(s) of ${file.name} have faults`);
}

const passedOver = ' Ingest passes over those that it has already, by their ids.';

function say(
  what: 'events' | 'items',
  { file, published, faults }: Published,
  flags: PublishFlags,
): void {
  if (published + faults.count === 0) throw new UserError(`${file} holds no ${what}`);
  if (flags.json !== true) for (const line of faults.lines(file)) console.error(line);
  const counted = published === 1 ? what.slice(0, -1) : what;
  const failed = faults.count > 0 ? `; ${faults.count} line(s) had faults and were left out` : '';
  print(
    { json: flags.json === true },
    {
      file,
      [what]: published,
      faults: faults.count,
      first_faults: faults.first,
      ignored_fields: [...faults.unknown],
    },
    `Published ${published} ${counted} of ${file}${failed}.${published > 0 && what === 'events' ? passedOver : ''}`,
  );
  if (published === 0 && faults.count > 0) process.exitCode = 1;
}
