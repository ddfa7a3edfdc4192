import { dropGenerations } from '../../cli/rebuild/drop.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { createEchoTopics, foldServices, setupOf, withServices } from '../answers.ts';
import { type Bed, openBed } from '../bed.ts';
import type { Figures } from '../load/jobs.ts';
import { startLoadProcess } from '../load/load-process.ts';
import { median } from '../median.ts';
import { caughtUp } from '../progress.ts';
import { publishEvents, publishItems } from '../publish.ts';
import { startServiceProcess } from '../service-process.ts';
import { round } from '../stages.ts';
import { eventsOf, type World, worldOf } from '../synthetic.ts';
import { rebuild } from './command.ts';
import { measureTakeover, type TakeoverResult } from './takeover.ts';

export interface RebuildBenchOptions {
  readonly events: number;
  readonly users: number;
  readonly items: number;
  readonly seconds: number;
  readonly turns: number;
  readonly rate: number;
  readonly takeoverUsers: number;
  readonly aof: boolean;
  readonly say: (line: string) => void;
}

interface RebuildSpeed {
  readonly service: string;
  readonly normal_events_per_second: number;
  readonly rebuild_events_per_second: number;
  readonly rebuild_to_normal: number;
  /** Share of values that differed: none should. */
  readonly differ_share: number;
}

interface ServingBeside {
  readonly rebuilds_beside: number;
  readonly answer_quiet_p50_ms: number;
  readonly answer_quiet_p99_ms: number;
  readonly answer_rebuild_p50_ms: number;
  readonly answer_rebuild_p99_ms: number;
  /** Median over turns: each one's p99 beside a rebuild over that of the seconds around it. */
  readonly rebuild_to_quiet_p99: number;
  readonly rebuild_to_quiet_p99_of_turns: readonly number[];
  readonly requests_unanswered: number;
}

export type RebuildBenchResult = ServingBeside &
  TakeoverResult & { readonly rebuilds: readonly RebuildSpeed[] };

const measured = ['ingest', 'user-features', 'seen-items', 'signals'] as const;
const dayMs = 86_400_000;

/** Rebuilding against normal processing of the same log, beside serving; and taking over. */
export async function benchRebuild(options: RebuildBenchOptions): Promise<RebuildBenchResult> {
  const bed = await openBed(options);
  try {
    const { events, users, items, say } = options;
    const world = worldOf(users, items);
    const takeover = await measureTakeover(bed, { users: options.takeoverUsers, say });
    say(`publishing ${items.toLocaleString('en')} items and ${events.toLocaleString('en')} events`);
    await publishItems(bed, world.items);
    const toMs = now();
    const span = { fromMs: toMs - 30 * dayMs, toMs };
    await publishEvents(bed, eventsOf({ world, count: events, seed: 1, idPrefix: 'e', ...span }));
    const rebuilds: RebuildSpeed[] = [];
    for (const service of measured) rebuilds.push(await speedOf(service, bed, options));
    return { rebuilds, ...(await besideServing(bed, world, options)), ...takeover };
  } finally {
    await bed.close();
  }
}

async function speedOf(
  service: (typeof measured)[number],
  bed: Bed,
  { events, takeoverUsers, say }: RebuildBenchOptions,
): Promise<RebuildSpeed> {
  const all = events + takeoverUsers;
  // What was taken over was folded before.
  const records = service === 'ingest' || service === 'user-features' ? events : all;
  const normalRate = records / (await secondsOfNormal(service, bed));
  const report = await rebuild(bed, [service, '--no-switch']);
  const rebuildRate = report.records / report.seconds;
  say(`${service}: ${Math.round(normalRate)} events/s, rebuilt at ${Math.round(rebuildRate)}`);
  return {
    service,
    normal_events_per_second: Math.round(normalRate),
    rebuild_events_per_second: Math.round(rebuildRate),
    rebuild_to_normal: round(rebuildRate / normalRate),
    differ_share: report.compared?.share ?? Number.NaN,
  };
}

/** From the moment at which its process says that it is ready. */
async function secondsOfNormal(service: string, bed: Bed): Promise<number> {
  const process = await startServiceProcess(bed, { run: [service] });
  const startedMs = monotonicMs();
  try {
    await Promise.race([caughtUp(bed, [service]), process.ended]);
    return (monotonicMs() - startedMs) / 1_000;
  } finally {
    await process.stop();
  }
}

const warmSeconds = 5;

/** Answers beside one rebuild after the other and without, in turns: the machine's own noise is as large. */
async function besideServing(
  bed: Bed,
  world: World,
  options: RebuildBenchOptions,
): Promise<ServingBeside> {
  await createEchoTopics(bed);
  const generator = await startLoadProcess('./generator.ts', setupOf(bed, { world }));
  const ask = async (seconds: number): Promise<Figures> => {
    const { rate } = options;
    const service = 'answers' as const;
    await generator.do({ kind: 'requests', service, seconds, rate, counts: true });
    const figures = await generator.do<Figures>({ kind: 'figures', service });
    await generator.do({ kind: 'forget', service });
    return figures;
  };
  try {
    const apart = [{ run: [...foldServices, 'served', 'metrics'] }, { run: ['serving'] }];
    return await withServices(bed, apart, async () => {
      options.say('answers: waiting until all services have caught up');
      await caughtUp(bed, foldServices);
      await ask(warmSeconds);
      const quiet = [await ask(options.seconds)];
      const beside: Figures[] = [];
      let rebuilds = 0;
      for (let turn = 0; turn < options.turns; turn += 1) {
        const over = new AbortController();
        const rebuilding = rebuildUntil(bed, over.signal);
        const figures = await Promise.race([ask(options.seconds), rebuilding.then(() => null)]);
        over.abort();
        rebuilds += await rebuilding;
        if (figures === null) throw new Error('the rebuilds ended before the answers');
        beside.push(figures);
        quiet.push(await ask(options.seconds));
      }
      return figuresOf({ quiet, beside, rebuilds });
    });
  } finally {
    await generator.stop();
  }
}

/** One rebuild after the other, until it is told that it is over. Returns how many. */
async function rebuildUntil(bed: Bed, over: AbortSignal): Promise<number> {
  for (let rebuilds = 1; ; rebuilds += 1) {
    await rebuild(bed, ['user-features', '--no-switch']);
    await drop(bed);
    if (over.aborted) return rebuilds;
  }
}

/** What was built and not switched to, so that the next one begins anew. */
const drop = async ({ config, redis }: Bed): Promise<void> =>
  void (await dropGenerations('user-features', { config, redis, all: true }));

/** One more of `quiet` than of `beside`: each of these lies between two of those. */
function figuresOf({
  quiet,
  beside,
  rebuilds,
}: {
  readonly quiet: readonly Figures[];
  readonly beside: readonly Figures[];
  readonly rebuilds: number;
}): ServingBeside {
  const p99 = ({ p99_ms: ms }: Figures): number => ms;
  const p50 = ({ p50_ms: ms }: Figures): number => ms;
  const ratios = beside.map((one, turn) =>
    round((2 * p99(one)) / quiet.slice(turn, turn + 2).reduce((sum, of) => sum + p99(of), 0)),
  );
  return {
    rebuilds_beside: rebuilds,
    answer_quiet_p50_ms: round(median(quiet.map(p50))),
    answer_quiet_p99_ms: round(median(quiet.map(p99))),
    answer_rebuild_p50_ms: round(median(beside.map(p50))),
    answer_rebuild_p99_ms: round(median(beside.map(p99))),
    rebuild_to_quiet_p99: round(median(ratios)),
    rebuild_to_quiet_p99_of_turns: ratios,
    requests_unanswered: [...quiet, ...beside].reduce((sum, { missing }) => sum + missing, 0),
  };
}
