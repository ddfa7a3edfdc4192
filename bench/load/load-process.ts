import { fork } from 'node:child_process';

import type { LoadSetup } from './jobs.ts';

/** A process beside the measured ones, which does one job at a time. */
export interface LoadProcess {
  readonly pid: number;
  do<Result>(job: unknown): Promise<Result>;
  stop(): Promise<void>;
}

interface Reply {
  readonly result?: unknown;
  readonly error?: string;
}

/** Starts one and waits until it says that it is ready. */
export async function startLoadProcess(file: string, setup: LoadSetup): Promise<LoadProcess> {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(setup)], { execArgv: [] });
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const exit = new Promise<never>((_, reject) => {
    child.once('exit', (code) => {
      process.off('exit', kill);
      reject(new Error(`${file} ended (code ${code})`));
    });
  });
  exit.catch(() => undefined);
  const reply = async (): Promise<Reply> =>
    Promise.race([
      exit,
      new Promise<Reply>((resolve) => child.once('message', (message: Reply) => resolve(message))),
    ]);
  await reply();
  return {
    pid: child.pid ?? 0,
    do: async <Result>(job: unknown) => {
      const answer = reply();
      child.send(job as Record<string, unknown>);
      const { result, error } = await answer;
      if (error !== undefined) throw new Error(error);
      return result as Result;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exit.catch(() => undefined);
    },
  };
}

/** The other side: says that it is ready, then answers each job. */
export function serveJobs<Job>(work: (job: Job) => Promise<unknown>): void {
  process.on('message', (job) => {
    work(job as Job).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({});
}

export const setupOf = (): LoadSetup => JSON.parse(process.argv[2] ?? '{}') as LoadSetup;
