import { arch, availableParallelism, platform } from 'node:os';

import { now } from '../lib/clock.ts';
import { type AnswersResult, foldServices, measureAnswers } from './answers.ts';
import { type Bed, openBed } from './bed.ts';
import type { MemoryResult } from './memory.ts';
import { caughtUp } from './progress.ts';
import { publishEvents, publishItems } from './publish.ts';
import { startServiceProcess } from './service-process.ts';
import { round, runStage, type StageResult, usedMemory } from './stages.ts';
import { eventsOf, type World, worldOf } from './synthetic.ts';

export interface BenchOptions {
  readonly events: number;
  readonly users: number;
  readonly items: number;
  /** Of freshness, and of echo and answers each. */
  readonly seconds: number;
  readonly rate: number;
  readonly aof: boolean;
  readonly cpuProfDir?: string;
  readonly say: (line: string) => void;
}

interface Setting {
  readonly events: number;
  readonly users: number;
  readonly items: number;
  readonly partitions: number;
  readonly redis_appendonly: boolean;
  readonly redis_version: string;
  readonly node_version: string;
  readonly machine: string;
}

export interface PipelineResult extends Partial<AnswersResult>, Partial<MemoryResult> {
  readonly features_seen_cpu_us_per_event: number;
  readonly learning_cpu_us_per_event: number;
  readonly whole_cpu_us_per_event: number;
  /** Over all stages, one after the other. */
  readonly events_per_second: number;
  /** All of Redis, after the stages, over the users. */
  readonly redis_bytes_per_user: number;
  readonly stages: readonly StageResult[];
  readonly setting: Setting;
}

const dayMs = 86_400_000;
const spanDays = 30;

const stages = [
  { stage: 'ingest', services: ['ingest'] },
  { stage: 'features and seen', services: ['user-features', 'seen-items'] },
  { stage: 'signals and learning', services: ['signals', 'learning'] },
  { stage: 'candidates', services: ['candidates'] },
] as const;

/** Every figure: the pipeline in stages, then freshness, memory and answers on what it left. */
export async function benchPipeline(
  options: BenchOptions & { readonly stages?: number },
): Promise<PipelineResult> {
  const bed = await openBed(options);
  try {
    const world = await fill(bed, options);
    const usedBefore = await usedMemory(bed);
    const results: StageResult[] = [];
    for (const stage of stages.slice(0, options.stages))
      results.push(await runStage(bed, { ...options, ...stage }));
    const cpuOf = (name: string): number =>
      results.find(({ stage }) => stage === name)?.cpu_us_per_event ?? Number.NaN;
    const seconds = results.reduce((sum, stage) => sum + stage.seconds, 0);
    const used = (await usedMemory(bed)) - usedBefore;
    const answers =
      options.stages === undefined
        ? await measureAnswers(bed, { ...options, world, memory: true })
        : {};
    return {
      features_seen_cpu_us_per_event: cpuOf('features and seen'),
      learning_cpu_us_per_event: cpuOf('signals and learning'),
      whole_cpu_us_per_event: round(
        results.reduce((sum, stage) => sum + stage.cpu_us_per_event, 0),
      ),
      events_per_second: Math.round(options.events / seconds),
      redis_bytes_per_user: round(used / options.users),
      ...answers,
      stages: results,
      setting: await settingOf(bed, options),
    };
  } finally {
    await bed.close();
  }
}

/** Freshness and answers alone, on a smaller log that all services fold together first. */
export async function benchAnswers(
  options: BenchOptions,
): Promise<AnswersResult & { readonly setting: Setting }> {
  const bed = await openBed(options);
  try {
    const world = await fill(bed, options);
    options.say('folding them with all services');
    const all = await startServiceProcess(bed, { run: ['--all'] });
    try {
      await Promise.race([caughtUp(bed, foldServices), all.ended]);
    } finally {
      await all.stop();
    }
    const answers = await measureAnswers(bed, { ...options, world, memory: false });
    return { ...answers, setting: await settingOf(bed, options) };
  } finally {
    await bed.close();
  }
}

/** The items and the events, spread over the last thirty days, all on their topics beforehand. */
async function fill(bed: Bed, { events, users, items, say }: BenchOptions): Promise<World> {
  const world = worldOf(users, items);
  say(`publishing ${items.toLocaleString('en')} items and ${events.toLocaleString('en')} events`);
  await publishItems(bed, world.items);
  const toMs = now();
  const span = { fromMs: toMs - spanDays * dayMs, toMs };
  await publishEvents(bed, eventsOf({ world, count: events, seed: 1, idPrefix: 'e', ...span }));
  return world;
}

async function settingOf(bed: Bed, options: BenchOptions): Promise<Setting> {
  const server = await bed.redis.info('server');
  return {
    events: options.events,
    users: options.users,
    items: options.items,
    partitions: bed.config.partitions,
    redis_appendonly: options.aof,
    redis_version: /redis_version:(\S+)/.exec(server)?.[1] ?? 'unknown',
    node_version: process.version,
    machine: `${availableParallelism()} cores, ${platform()} ${arch()}`,
  };
}
