import { dropGenerations } from '../../cli/rebuild/drop.ts';
import { monotonicMs, now } from '../../lib/clock.ts';
import { createEchoTopics, foldServices, setupOf, withServices } from '../answers.ts';
import { type Bed, openBed } from '../bed.ts';
import type { Figures } from '../load/jobs.ts';
import { startLoadProcess } from '../load/load-process.ts';
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
  readonly rebuild_to_quiet_p99: number;
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

/** Answers without a rebuild beside them, with one after the other, and without again. */
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
      const half = options.seconds / 2;
      const before = await ask(half);
      const over = new AbortController();
      const rebuilding = rebuildUntil(bed, over.signal);
      const beside = await Promise.race([ask(options.seconds), rebuilding.then(() => null)]);
      over.abort();
      const rebuilds = await rebuilding;
      const after = await ask(half);
      if (beside === null) throw new Error('the rebuilds ended before the answers');
      return figuresOf({ before, beside, after, rebuilds });
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

function figuresOf(given: {
  readonly before: Figures;
  readonly beside: Figures;
  readonly after: Figures;
  readonly rebuilds: number;
}): ServingBeside {
  const { before, beside, after, rebuilds } = given;
  const quietP99 = (before.p99_ms + after.p99_ms) / 2;
  return {
    rebuilds_beside: rebuilds,
    answer_quiet_p50_ms: round((before.p50_ms + after.p50_ms) / 2),
    answer_quiet_p99_ms: round(quietP99),
    answer_rebuild_p50_ms: beside.p50_ms,
    answer_rebuild_p99_ms: beside.p99_ms,
    rebuild_to_quiet_p99: round(beside.p99_ms / quietP99),
    requests_unanswered: before.missing + beside.missing + after.missing,
  };
}
