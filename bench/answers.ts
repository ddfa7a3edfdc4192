import { now } from '../lib/clock.ts';
import { recommendations } from '../topics/recommendations.ts';
import { requests } from '../topics/requests.ts';
import { specOf } from '../topics/apply.ts';
import type { Bed } from './bed.ts';
import { cpuSeconds, residentMb } from './cpu.ts';
import { FreshnessWatch, percentile } from './freshness.ts';
import {
  echoAnswersTopic,
  echoRequestsTopic,
  type Figures,
  type LoadSetup,
  type Service,
} from './load/jobs.ts';
import { type LoadProcess, startLoadProcess } from './load/load-process.ts';
import { measureMemory, type MemoryResult, probeEvents } from './memory.ts';
import { caughtUp } from './progress.ts';
import { publishEvents } from './publish.ts';
import {
  type ServiceProcess,
  type ServiceProcessOptions,
  startServiceProcess,
} from './service-process.ts';
import { round } from './stages.ts';
import type { World } from './synthetic.ts';

export interface AnswersResult {
  readonly answer_p50_ms: number;
  readonly answer_p99_ms: number;
  readonly echo_p50_ms: number;
  readonly echo_p99_ms: number;
  readonly answer_to_echo_p50: number;
  readonly answer_to_echo_p99: number;
  readonly requests_per_second: number;
  readonly requests_sent: number;
  readonly requests_unanswered: number;
  /** Answers so far by the step that gave them, as the metrics service counted them. */
  readonly answered_by: Readonly<Record<string, number>>;
  readonly freshness_p50_ms: number;
  readonly freshness_p99_ms: number;
  readonly freshness_max_ms: number;
  readonly freshness_events: number;
  readonly freshness_events_per_second: number;
  /** Of the one process that runs all services, while events came at that rate. */
  readonly freshness_cpu_percent: number;
  readonly all_services_rss_mb: number;
}

export interface AnswersOptions {
  readonly world: World;
  readonly seconds: number;
  readonly rate: number;
  /** Whether to measure Redis' memory with users made for it. */
  readonly memory: boolean;
  readonly cpuProfDir?: string;
  readonly say: (line: string) => void;
}

export const foldServices = [
  'ingest',
  'user-features',
  'seen-items',
  'signals',
  'learning',
  'candidates',
] as const;

const warmSeconds = 5;
const roundSeconds = 5;

/**
 * Freshness, with all services in one process as `--all` runs them; then the times of answers, with
 * serving in a process of its own.
 */
export async function measureAnswers(
  bed: Bed,
  options: AnswersOptions,
): Promise<AnswersResult & Partial<MemoryResult>> {
  await createEchoTopics(bed);
  const { cpuProfDir } = options;
  const prof = cpuProfDir === undefined ? {} : { cpuProfDir };
  const loads: LoadProcess[] = [];
  try {
    const generator = await startLoadProcess('./generator.ts', setupOf(bed, options));
    loads.push(generator);
    const fresh = await withServices(bed, [{ run: ['--all'], ...prof }], async (all) => {
      options.say('answers: waiting until all services have caught up');
      await caughtUp(bed, foldServices);
      const figures = await freshness(bed, { generator, all, options });
      const memory = options.memory ? await memoryOf(bed, options) : {};
      return { ...figures, all_services_rss_mb: residentMb(all.pid).now, ...memory };
    });
    loads.push(await startLoadProcess('./echo.ts', setupOf(bed, options)));
    // As in production, and as the echo: serving is a process of its own beside the others.
    const apart = [{ run: [...foldServices, 'metrics'] }, { run: ['serving'], ...prof }];
    return await withServices(bed, apart, async (others) => {
      const times = await answerTimes(generator, options);
      return { ...times, answered_by: await answeredBy(others), ...fresh };
    });
  } finally {
    for (const load of loads) await load.stop();
  }
}

/** Runs processes for as long as the work takes; the work is given the first of them. */
export async function withServices<Result>(
  bed: Bed,
  wanted: readonly ServiceProcessOptions[],
  work: (first: ServiceProcess) => Promise<Result>,
): Promise<Result> {
  const running: ServiceProcess[] = [];
  try {
    for (const options of wanted) running.push(await startServiceProcess(bed, options));
    const [first] = running;
    if (first === undefined) throw new Error('no services to run');
    return await Promise.race([work(first), ...running.map(({ ended }) => ended)]);
  } finally {
    await Promise.all(running.map((process) => process.stop()));
  }
}

export async function createEchoTopics(bed: Bed): Promise<void> {
  const { prefix, partitions } = bed.config;
  const options = { prefix, partitions };
  await bed.admin.createTopics([
    { ...specOf(requests, options), topic: echoRequestsTopic(prefix) },
    { ...specOf(recommendations, options), topic: echoAnswersTopic(prefix) },
  ]);
}

export const setupOf = ({ config }: Bed, { world }: Pick<AnswersOptions, 'world'>): LoadSetup => ({
  brokers: config.kafka.brokers,
  registryUrl: config.registry.url,
  prefix: config.prefix,
  partitions: config.partitions,
  users: world.users.length,
  items: world.items.length,
  context: 'home-feed',
});

type FreshFigures = Pick<AnswersResult, Extract<keyof AnswersResult, `freshness_${string}`>>;

async function freshness(
  bed: Bed,
  parts: { generator: LoadProcess; all: ServiceProcess; options: AnswersOptions },
): Promise<FreshFigures> {
  const { generator, all, options } = parts;
  const { rate } = options;
  options.say(`freshness: ${rate} events/s for ${options.seconds} s`);
  const events = (seconds: number, idPrefix: string, seed: number): Promise<unknown> =>
    generator.do({ kind: 'events', seconds, rate, idPrefix, seed });
  const watch = new FreshnessWatch(bed);
  await watch.start();
  await events(warmSeconds, 'fw', 31);
  const sinceMs = now();
  const cpu = cpuSeconds(all.pid);
  await events(options.seconds, 'fm', 32);
  const cpuPercent = round(((cpuSeconds(all.pid) - cpu) / options.seconds) * 100);
  await caughtUp(bed, foldServices);
  const times = await watch.stop(sinceMs);
  const figures = {
    freshness_p50_ms: round(percentile(times, 0.5)),
    freshness_p99_ms: round(percentile(times, 0.99)),
    freshness_max_ms: round(percentile(times, 1)),
    freshness_events: times.length,
    freshness_events_per_second: rate,
    freshness_cpu_percent: cpuPercent,
  };
  options.say(`freshness: p50 ${figures.freshness_p50_ms} ms, p99 ${figures.freshness_p99_ms} ms`);
  return figures;
}

async function memoryOf(bed: Bed, { world, say }: AnswersOptions): Promise<MemoryResult> {
  say('memory: making users with known numbers of items and events');
  await publishEvents(bed, probeEvents(world, now()));
  await caughtUp(bed, foldServices);
  return measureMemory(bed);
}

/** Echo and answers in turns, so that both meet the same machine. The first turns do not count. */
async function answerTimes(
  generator: LoadProcess,
  { seconds, rate, say }: AnswersOptions,
): Promise<Omit<AnswersResult, 'answered_by' | 'all_services_rss_mb' | keyof FreshFigures>> {
  const turn = async (service: Service, turnSeconds: number, counts: boolean): Promise<void> => {
    await generator.do({ kind: 'requests', service, seconds: turnSeconds, rate, counts });
  };
  say(`answers: ${rate} requests/s for ${seconds} s each of echo and serving, in turns`);
  for (const service of ['echo', 'answers'] as const) await turn(service, warmSeconds, false);
  for (let done = 0; done < seconds; done += roundSeconds) {
    const turnSeconds = Math.min(roundSeconds, seconds - done);
    await turn('echo', turnSeconds, true);
    await turn('answers', turnSeconds, true);
  }
  const echo = await generator.do<Figures>({ kind: 'figures', service: 'echo' });
  const answer = await generator.do<Figures>({ kind: 'figures', service: 'answers' });
  say(
    `answers: p50 ${answer.p50_ms} ms, p99 ${answer.p99_ms} ms; echo ${echo.p50_ms}, ${echo.p99_ms}`,
  );
  return {
    answer_p50_ms: answer.p50_ms,
    answer_p99_ms: answer.p99_ms,
    echo_p50_ms: echo.p50_ms,
    echo_p99_ms: echo.p99_ms,
    answer_to_echo_p50: round(answer.p50_ms / echo.p50_ms),
    answer_to_echo_p99: round(answer.p99_ms / echo.p99_ms),
    requests_per_second: rate,
    requests_sent: answer.sent,
    requests_unanswered: answer.missing,
  };
}

async function answeredBy({ url }: ServiceProcess): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const by: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, step, count] =
      /^freshet_context_answers_total\{.*step="([^"]*)".*\} (\d+)/.exec(line) ?? [];
    if (step !== undefined) by[step] = (by[step] ?? 0) + Number(count);
  }
  return by;
}
