/**
 * The process between the launcher and the stack. It starts every child, and it is the only one
 * that stops them.
 *
 * States: held (the launcher lives, its channel is open) -> stopping. A lost channel, a `stop`, or
 * SIGTERM leads there; after `release` a lost channel no longer does, so that a stack can outlive
 * `freshet up`. The kernel closes the channel however the launcher dies, so no launcher leaves an
 * orphan. Where `setpriv` exists the kernel also kills the children if this process is killed.
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import type { GuardReply, GuardRequest, SpawnRequest } from './guard-messages.ts';

const stopMsMax = 12_000;
const children = new Map<string, ChildProcess>();
const atStop: { command: string; args: readonly string[] }[] = [];
/** Makes the kernel kill a child when this process dies without having stopped it (Linux). */
const dyingWithUs = ['setpriv', '--pdeathsig', 'KILL'];
const wrapper =
  spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? dyingWithUs : [];
let released = false;
let stopping = false;

const tell = (message: GuardReply): void => {
  if (process.connected) process.send?.(message, () => undefined);
};

const alive = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

/** To the child's whole group: it is the leader of its own. */
const signal = (child: ChildProcess, name: NodeJS.Signals): void => {
  if (!alive(child) || child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It went away in between.
  }
};

/** SIGTERM to all at once: brokers stopped one after the other wait for each other's vote. */
async function halt(group: readonly ChildProcess[]): Promise<void> {
  const living = group.filter(alive);
  const gone = living.map(async (child) => new Promise((done) => child.once('exit', done)));
  for (const child of living) {
    signal(child, 'SIGTERM');
    // A child frozen by SIGSTOP would never see the first signal.
    signal(child, 'SIGCONT');
  }
  const deadline = setTimeout(() => {
    for (const child of living) signal(child, 'SIGKILL');
  }, stopMsMax);
  await Promise.all(gone);
  clearTimeout(deadline);
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await halt([...children.values()]);
  for (const { command, args } of atStop) {
    await new Promise<void>((done) => {
      execFile(command, args, { timeout: 60_000 }, () => done());
    });
  }
  process.exit(0);
}

async function start(request: SpawnRequest): Promise<number> {
  if (stopping) throw new Error('the stack is stopping');
  const log = openSync(request.logFile, request.append ? 'a' : 'w');
  try {
    const [command = request.command, ...args] = [...wrapper, request.command, ...request.args];
    const child = spawn(command, args, {
      cwd: request.cwd,
      stdio: ['ignore', log, log],
      detached: true,
    });
    await new Promise<void>((done, failed) => {
      child.once('spawn', done);
      child.once('error', failed);
    });
    children.set(request.name, child);
    child.once('exit', (code, by) => tell({ event: 'exit', name: request.name, code, signal: by }));
    return child.pid ?? 0;
  } finally {
    closeSync(log);
  }
}

async function answer(request: GuardRequest): Promise<number> {
  switch (request.op) {
    case 'spawn':
      return start(request);
    case 'halt': {
      const child = children.get(request.name);
      if (child !== undefined) await halt([child]);
      return 0;
    }
    case 'at-stop':
      atStop.push({ command: request.command, args: request.args });
      return 0;
    case 'release':
      released = true;
      return 0;
    case 'stop':
      await stop();
      return 0;
  }
}

process.on('message', (message) => {
  const request = message as GuardRequest;
  answer(request).then(
    (value) => tell({ event: 'reply', id: request.id, value }),
    (error: unknown) => tell({ event: 'reply', id: request.id, error: String(error) }),
  );
});
process.on('disconnect', () => {
  if (!released) void stop();
});
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
// A detached stack outlives the terminal that started it.
process.on('SIGHUP', () => undefined);
// Held open without a channel, and until `down` says otherwise.
setInterval(() => undefined, 2 ** 30);
tell({ event: 'ready' });
