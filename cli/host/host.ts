import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import {
  messageOf,
  RefusedError,
  RetryableError,
  SupersededError,
  UserError,
} from '../../lib/errors.ts';
import { within } from '../../lib/deadline.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { armFailpoint } from '../../lib/stream/failpoints.ts';
import { startTelemetryServer } from '../../lib/telemetry/http.ts';
import { createLogger } from '../../lib/telemetry/log.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { Turns } from '../../lib/turns.ts';
import { isOfAllSets } from '../../topics/sets.ts';
import { hostConfig } from './config.ts';
import { serviceNames, startService } from './services.ts';
import { refuseWrongSettings } from './settings.ts';

export interface HostOptions {
  readonly bootstrap: boolean;
  readonly json: boolean;
  readonly port?: number;
}

const drainMsMax = 20_000;
const startRetryMs = 1_000;

/** Exit codes, as BSD's sysexits names them: 70 a bug or a refusal, 0 a clean end. */
const exitFatal = 70;

/**
 * Runs services in one process until it is told to stop: SIGTERM or Ctrl-C lets every service
 * finish its slice, commit and leave its group, within a deadline; a fatal error of one service
 * ends the process with its reason.
 */
export async function runServices(names: readonly string[], options: HostOptions): Promise<void> {
  if (names.length === 0) {
    throw new UserError(`name a service, or --all; there are: ${serviceNames.join(', ')}`);
  }
  const unknown = names.filter((name) => !serviceNames.includes(name));
  if (unknown.length > 0) {
    throw new UserError(
      `no such service: ${unknown.join(', ')}; there are: ${serviceNames.join(', ')}`,
    );
  }
  await refuseWrongSettings(names);
  const config = commonConfig();
  const { failpoint } = hostConfig();
  armFailpoint(failpoint);
  const log = createLogger({ name: 'freshet', level: config.logLevel });
  const metrics = createMetrics();
  const running = new Map<string, RunningService>();
  let over: (end: { code: number; why: string }) => void = () => undefined;
  const ended = new Promise<{ code: number; why: string }>((resolve) => {
    over = resolve;
  });
  process.on('SIGTERM', () => over({ code: 0, why: 'SIGTERM' }));
  process.on('SIGINT', () => over({ code: 0, why: 'SIGINT' }));
  const waiting = new Set(names);
  const server = await startTelemetryServer({
    host: config.host,
    port: options.port ?? config.port,
    metrics,
    healthy: () => firstOf(running.values(), (service) => service.healthy()),
    ready: () =>
      waiting.size > 0
        ? `starting: ${[...waiting].join(', ')}`
        : firstOf(running.values(), (service) => service.ready()),
  });
  log.info({ url: server.url, services: names }, 'started');
  if (options.json) console.log(JSON.stringify({ event: 'started', url: server.url }));
  const context: ServiceContext = {
    config,
    log,
    metrics,
    bootstrap: options.bootstrap,
    ...besideAnswers(names, config),
    onFatal: (error) => over({ code: exitFatal, why: error.message }),
  };
  /** What was folded for one set of internal topics has another owner; the rest of it goes on. */
  const endOfSet = (error: SupersededError): void => {
    const ending = [...running.keys()].filter((name) => !isOfAllSets(name));
    if (ending.length === 0) return;
    log.error({ services: ending }, `${error.message}. Other services of this process go on`);
    for (const name of ending) {
      const stopped = running.get(name)?.stop();
      running.delete(name);
      void stopped?.catch((cause: unknown) => log.warn({ service: name }, messageOf(cause)));
    }
  };
  const endOf = (error: Error): void => {
    if (error instanceof SupersededError && names.some(isOfAllSets)) endOfSet(error);
    else context.onFatal(error);
  };
  for (const name of names) {
    void startPatiently(name, { ...context, onFatal: endOf }).then(
      (service) => {
        running.set(name, service);
        waiting.delete(name);
      },
      (error: unknown) => {
        const isOurs = error instanceof RefusedError || error instanceof UserError;
        log.fatal({ service: name, ...(isOurs ? {} : { err: error }) }, messageOf(error));
        over({ code: exitFatal, why: messageOf(error) });
      },
    );
  }
  const { code, why } = await ended;
  log.info({ why }, 'stopping');
  const drained = await within(
    drainMsMax,
    Promise.all([...running.values()].map((service) => service.stop())).then(() => server.close()),
  );
  if (drained === 'late') log.error('stopped without waiting any longer');
  if (code !== 0) console.error(`freshet: ${why}`);
  // Timers and sockets of the client libraries may outlive their owners.
  process.exit(code);
}

/** Records of a slice where answers come from the same event loop: a few milliseconds of it. */
const sliceBesideMax = 256;

/** What serving needs of the others in its process, so that it answers while they fold. */
const besideAnswers = (
  names: readonly string[],
  config: CommonConfig,
): Partial<Pick<ServiceContext, 'config' | 'turns'>> => {
  if (!names.includes('serving') || names.length === 1) return {};
  const sliceRecordsMax = Math.min(config.sliceRecordsMax, sliceBesideMax);
  return { turns: new Turns(), config: { ...config, sliceRecordsMax } };
};

/** A dependency that is away at the start is waited for, as it is later. */
async function startPatiently(name: string, context: ServiceContext): Promise<RunningService> {
  for (;;) {
    try {
      return await startService(name, context);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      context.log.warn({ service: name }, `not started yet: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, startRetryMs));
    }
  }
}

function firstOf(
  running: Iterable<RunningService>,
  ask: (service: RunningService) => string | null,
): string | null {
  for (const service of running) {
    const why = ask(service);
    if (why !== null) return why;
  }
  return null;
}
