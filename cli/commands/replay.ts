import { type SingleBar } from 'cli-progress';
import cliProgress from 'cli-progress';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { monotonicMs, now } from '../../lib/clock.ts';
import { commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { userEvents } from '../../topics/user-events.ts';
import { eventLimits, eventsOf, surveyEvents } from '../data/event-file.ts';
import { RowFaults } from '../data/faults.ts';
import { type InputFile, openInputFile } from '../data/input-file.ts';
import { againIfLate } from '../data/send-again.ts';
import { sendEvents } from '../data/send-events.ts';
import { openTopicWriter } from '../data/topic-writer.ts';
import { print } from '../output.ts';

interface ReplayFlags {
  readonly rate?: number;
  readonly maxSpeed?: boolean;
  readonly shiftToNow?: boolean;
  readonly skip: number;
  readonly limit?: number;
  readonly json?: boolean;
}

export function registerReplayCommand(program: Command): void {
  program
    .command('replay')
    .argument('<file>', 'events as JSON lines or CSV with a header, also as .gz; - is stdin')
    .description('send the events of a file at a rate of your choice; records are stamped as sent')
    .addOption(
      new Option('--rate <number>', 'events per second').argParser(positive).conflicts('maxSpeed'),
    )
    .option('--max-speed', 'as fast as the brokers take them (default)')
    .option('--shift-to-now', 'move all event times so that the last one is now')
    .option('--skip <rows>', 'begin after so many rows', whole, 0)
    .option('--limit <rows>', 'send no more than so many rows', whole)
    .option('--json', 'print one JSON line at the end')
    .addHelpText('after', '\nEvents get the same ids as with `freshet publish`.')
    .action(replay);
}

async function replay(name: string, flags: ReplayFlags): Promise<void> {
  const config = commonConfig();
  const file = await openInputFile(name);
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  try {
    const selection = {
      skip: flags.skip,
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    };
    const { rows, lastAtMs } = await surveyEvents(file, selection);
    if (rows === 0) throw new UserError(`${name} has no rows to send`);
    const shiftMs = flags.shiftToNow === true && lastAtMs !== null ? now() - lastAtMs : 0;
    const writer = await openTopicWriter<UserEvent>(config, {
      topic: userEvents,
      schema: userEventSchema,
    });
    const faults = new RowFaults();
    const limits = eventLimits(config);
    const progress = startProgress(rows, flags.json === true);
    const startedMs = monotonicMs();
    const events = eventsOf(file, { ...selection, shiftMs, limits, faults });
    const sent = await againIfLate(file.name, () =>
      sendEvents(events, writer, {
        ...(flags.rate === undefined ? {} : { rate: flags.rate }),
        onSent: (some) => progress.add(some.length),
        signal: stopping.signal,
      }),
    );
    const seconds = (monotonicMs() - startedMs) / 1_000;
    progress.end();
    await writer.close();
    say(file, flags, { sent, seconds, shiftMs, faults, stopped: stopping.signal.aborted });
  } finally {
    file.close();
  }
}

interface Replayed {
  readonly sent: number;
  readonly seconds: number;
  readonly shiftMs: number;
  readonly faults: RowFaults;
  readonly stopped: boolean;
}

function say(file: InputFile, flags: ReplayFlags, done: Replayed): void {
  const { sent, seconds, shiftMs, faults, stopped } = done;
  const perSecond = Math.round(sent / Math.max(seconds, 0.001));
  if (flags.json !== true) for (const line of faults.lines(file.name)) console.error(line);
  const left = faults.count > 0 ? `; ${faults.count} line(s) had faults and were left out` : '';
  const early = stopped ? `; stopped early, --skip ${flags.skip + sent} goes on` : '';
  print(
    { json: flags.json === true },
    {
      file: file.name,
      events: sent,
      faults: faults.count,
      first_faults: faults.first,
      seconds: Number(seconds.toFixed(3)),
      events_per_second: perSecond,
      shift_ms: shiftMs,
      stopped,
    },
    `Sent ${sent} events in ${seconds.toFixed(1)} s (${perSecond} per second)${left}${early}.`,
  );
  if (stopped || (sent === 0 && faults.count > 0)) process.exitCode = 1;
}

interface Progress {
  add(count: number): void;
  end(): void;
}

const lineMs = 5_000;

/** A bar in a terminal, a line now and then elsewhere; on stderr, since stdout is for the answer. */
function startProgress(total: number, silent: boolean): Progress {
  if (silent) return { add: () => undefined, end: () => undefined };
  if (process.stderr.isTTY) {
    const bar: SingleBar = new cliProgress.SingleBar(
      {
        format: '{bar} {percentage}%  {value}/{total} events  {eta_formatted} left',
        hideCursor: true,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total, 0);
    return { add: (count) => bar.increment(count), end: () => bar.stop() };
  }
  let done = 0;
  let saidMs = monotonicMs();
  return {
    add: (count) => {
      done += count;
      if (monotonicMs() - saidMs < lineMs) return;
      saidMs = monotonicMs();
      console.error(`${done} of ${total} events sent`);
    },
    end: () => undefined,
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) {
    throw new InvalidArgumentError('must be a number above 0.');
  }
  return number;
}

function whole(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
}
