import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import {
  projectDir,
  readStateFile,
  removeStateFile,
  writeStateFile,
} from '../../lib/config/state-file.ts';
import { UserError } from '../../lib/errors.ts';
import { stackEnvironment } from '../../stack/config.ts';
import { writePrometheusTargets } from '../../stack/prometheus.ts';
import { type RunningStack, startStack } from '../../stack/stack.ts';
import { stackState } from '../../stack/state.ts';
import { userEvents } from '../../topics/user-events.ts';
import { topicName } from '../../topics/topic.ts';
import { endsOf } from '../data/asking.ts';
import { refuseWrongSettings } from '../host/settings.ts';
import { demoSettings, runExperiment } from './experiment.ts';
import { prepare } from './prepare.ts';
import { Workers } from './workers.ts';

export interface LaunchOptions {
  readonly dataDir: string;
  readonly keep: boolean;
  readonly say: (line: string) => void;
  readonly onFatal: (error: Error) => void;
}

/** What runs, once everything is ready. */
export interface Launched {
  readonly config: CommonConfig;
  readonly workers: Workers;
  /** Events that were there already. */
  readonly events: number;
}

/**
 * Two processes: what an answer waits for in one, what learns in the other, so that a long slice of
 * learning does not hold up an answer.
 */
const groups = {
  serving: ['ingest', 'user-features', 'seen-items', 'served', 'serving', 'metrics'],
  learning: ['control', 'signals', 'learning', 'candidates', 'weights', 'external', 'experiments'],
};
const readyMsMax = 120_000;

/** Starts everything, and stops what it has started, in the opposite order, at any moment. */
export class Launch {
  readonly #options: LaunchOptions;
  #began = false;
  readonly #undo: (() => Promise<unknown> | void)[] = [];

  constructor(options: LaunchOptions) {
    this.#options = options;
  }

  /** Whether there may be anything of its own to stop. */
  get began(): boolean {
    return this.#began;
  }

  async run(): Promise<Launched> {
    const { dataDir, keep, say } = this.#options;
    const { stateFile } = stackEnvironment();
    refuseSecond(stateFile);
    await refuseWrongSettings(Object.values(groups).flat());
    this.#began = true;
    const stack = await startStack({ dataDir, keep, onProgress: say });
    this.#undo.push(() => stack.stop());
    const state = { ...stackState(stack, dataDir), settings: demoSettings };
    writeStateFile(state, stateFile);
    this.#undo.push(() => removeStateFile(stateFile));
    const config = commonConfig();
    await prepare(config, join(projectDir, 'definitions'), say);
    const events = await eventsThere(config);
    if (events > 0 && !keep) {
      throw new UserError(
        `there are ${events} events under the prefix '${config.prefix}' already: --keep goes on ` +
          'with them, another FRESHET_PREFIX begins anew',
      );
    }
    const workers = new Workers({
      groups,
      logFileOf: (name) => join(dataDir, 'logs', `services-${name}.log`),
      onEvent: say,
      onFatal: this.#options.onFatal,
    });
    this.#undo.push(() => workers.stop());
    workers.start();
    await untilReady(workers, dataDir);
    const metricsUrl = workers.urlOf('metrics');
    if (metricsUrl !== null) writeStateFile({ ...state, metricsUrl }, stateFile);
    await runExperiment(config, say);
    if (stack.addresses.prometheusUrl !== undefined) scrape(stack, dataDir, workers);
    say(`All services are ready: ${workers.urls.map((url) => `${url}/metrics`).join(' ')}`);
    return { config, workers, events };
  }

  async stop(): Promise<void> {
    for (const step of this.#undo.splice(0).toReversed()) await step();
  }
}

function refuseSecond(stateFile: string | undefined): void {
  const running = readStateFile(stateFile);
  if (running === undefined || running.mode === 'outside') return;
  throw new UserError(
    'a stack is running already: stop it with `npx freshet down` (or end the npm start that runs it)',
  );
}

async function eventsThere(config: CommonConfig): Promise<number> {
  const ends = await endsOf(config, topicName(config.prefix, userEvents));
  return ends.reduce((sum, end) => sum + end, 0);
}

async function untilReady(workers: Workers, dataDir: string): Promise<void> {
  const giveUpMs = monotonicMs() + readyMsMax;
  for (;;) {
    const waits = await workers.waitingFor();
    if (waits === null) return;
    if (monotonicMs() > giveUpMs) {
      throw new UserError(
        `the services are not ready after ${readyMsMax / 1_000} s (${waits}): see ${dataDir}/logs`,
      );
    }
    await pause(200);
  }
}

function scrape(stack: RunningStack, dataDir: string, workers: Workers): void {
  if (stack.mode === 'processes') {
    writePrometheusTargets(
      dataDir,
      workers.urls.map((url) => new URL(url).host),
    );
  }
}

const watchMs = 1_000;

/**
 * Calls back when the `freshet` program that started us has gone: it hands signals through, so
 * whoever kills it hard means all of us. Other parents (a shell, nohup) may come and go.
 */
export function watchLauncher(gone: () => void): void {
  const parent = process.ppid;
  try {
    if (!readFileSync(`/proc/${parent}/cmdline`, 'utf8').includes('freshet')) return;
  } catch {
    return;
  }
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    gone();
  }, watchMs);
  timer.unref();
}
