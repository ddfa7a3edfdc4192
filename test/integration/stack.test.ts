import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { isSameProcess, type StackState } from '../../lib/config/state-file.ts';
import { usualPorts } from '../../stack/settings.ts';
import { type RunningStack, startStack } from '../../stack/stack.ts';
import { partStatuses, stackState, stopStack } from '../../stack/state.ts';

const dir = mkdtempSync(join(tmpdir(), 'freshet-stack-'));
afterAll(() => {
  // Only after a failed test is there anything left.
  for (const { pid } of processesOf(dir)) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

const stackModule = new URL('../../stack/stack.ts', import.meta.url).href;
const stateModule = new URL('../../stack/state.ts', import.meta.url).href;

interface Process {
  readonly pid: number;
  readonly line: string;
}

/** Every process names its data folder in its command line, the guard included. */
function processesOf(dataDir: string): readonly Process[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
  return all
    .split('\n')
    .filter((line) => line.includes(dataDir) && !/^ *\d+ Z|startStack/.test(line))
    .map((line) => ({ pid: Number.parseInt(line, 10), line }));
}

/** Longer than the guard gives its children. */
const goneMsMax = 30_000;

async function awaitNoProcess(dataDir: string): Promise<void> {
  await vi.waitFor(() => expect(processesOf(dataDir)).toEqual([]), {
    timeout: goneMsMax,
    interval: 100,
  });
}

const launchers: ChildProcess[] = [];
afterEach(() => {
  for (const child of launchers.splice(0)) child.kill('SIGKILL');
});

/** A process of its own that starts a stack and does something with it. */
function launcher(dataDir: string, rest: string) {
  const options = JSON.stringify({ dataDir, own: true, prometheus: false });
  const program = `
    import { startStack } from '${stackModule}';
    import { stackState } from '${stateModule}';
    const say = (line) => console.log(line);
    const stack = await startStack({ ...${options}, onProgress: say });
    ${rest}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  launchers.push(child);
  return { child, lines: createInterface({ input: child.stdout }) };
}

async function lineWith(lines: AsyncIterable<string>, wanted: string): Promise<string> {
  for await (const line of lines) if (line.includes(wanted)) return line;
  throw new Error(`the launcher ended without saying ${wanted}`);
}

async function schemas(stack: RunningStack): Promise<unknown> {
  return (await fetch(`${stack.addresses.registryUrl}/subjects`)).json();
}

describe('a stack beside other programs', () => {
  const dataDir = join(dir, 'beside');
  const others = Object.values(usualPorts).map((port) => ({ port, server: createServer() }));
  let stack: RunningStack;

  beforeAll(async () => {
    for (const { port, server } of others) {
      // Whether this test takes the port or another program has it makes no difference.
      server.once('error', () => undefined).listen(port, '127.0.0.1');
    }
    stack = await startStack({ dataDir, own: true });
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    for (const { server } of others) server.close();
    expect(processesOf(dataDir)).toEqual([]);
  }, 30_000);

  test('chooses ports that are free, and every part answers there', async () => {
    const parts = await partStatuses(stackState(stack, dataDir));
    expect(parts.map(({ answers }) => answers)).not.toContain(false);
    for (const { address } of parts) {
      const [host, port] = address.split(':');
      expect(host).toBe('127.0.0.1');
      expect(Object.values(usualPorts)).not.toContain(Number(port));
    }
  });

  test('refuses a second stack on its data, which goes on', async () => {
    const second = startStack({ dataDir, own: true });
    await expect(second).rejects.toThrow('A stack is running on the data');
    expect(await schemas(stack)).toEqual([]);
  });

  test('restarts a killed part at the same address with the same data', async () => {
    const schema = JSON.stringify({ type: 'record', name: 'Kept', fields: [] });
    await fetch(`${stack.addresses.registryUrl}/subjects/kept-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schema }),
    });
    const before = stack.pids['registry'];
    stack.kill('registry', 'SIGKILL');
    await stack.restart('registry');
    expect(stack.pids['registry']).not.toBe(before);
    expect(await schemas(stack)).toEqual(['kept-value']);
  }, 60_000);
});

describe('no process is left', () => {
  test('when the launcher of a running stack is killed', async () => {
    const dataDir = join(dir, 'killed-later');
    const { child, lines } = launcher(dataDir, "say('up ' + Object.keys(stack.pids));");
    expect(await lineWith(lines, 'up ')).toBe('up guard,registry,redis,kafka');
    expect(processesOf(dataDir)).toHaveLength(4);
    child.kill('SIGKILL');
    await awaitNoProcess(dataDir);
  }, 120_000);

  test('when the launcher is killed while it starts the stack', async () => {
    const dataDir = join(dir, 'killed-at-once');
    const { child, lines } = launcher(dataDir, '');
    await lineWith(lines, 'Redis is ready');
    expect(processesOf(dataDir).length).toBeGreaterThan(1);
    child.kill('SIGKILL');
    await awaitNoProcess(dataDir);
  }, 60_000);

  test('when the guard itself is killed, where the kernel can see to that', async () => {
    if (process.platform !== 'linux') return;
    const dataDir = join(dir, 'guard-killed');
    const { lines } = launcher(dataDir, "say('guard ' + stack.pids.guard);");
    const [, guard] = (await lineWith(lines, 'guard ')).split(' ');
    process.kill(Number(guard), 'SIGKILL');
    await awaitNoProcess(dataDir);
  }, 120_000);

  test('when a part cannot start, and the message says why', async () => {
    const dataDir = join(dir, 'failed');
    const broken = join(dataDir, 'kafka', 'broker-1');
    mkdirSync(broken, { recursive: true });
    writeFileSync(join(broken, 'meta.properties'), 'version=1\nnode.id=7\ncluster.id=other\n');
    const start = startStack({ dataDir, keep: true, own: true });
    await expect(start).rejects.toThrow(/^Kafka did not start: .*node/i);
    expect(processesOf(dataDir)).toEqual([]);
  }, 120_000);
});

test('a stack that was left running outlives its launcher, and stops by what is written down', async () => {
  const dataDir = join(dir, 'left');
  const { child, lines } = launcher(
    dataDir,
    `const state = stackState(stack, '${dataDir}');
     await stack.detach();
     say('state ' + JSON.stringify(state));`,
  );
  const line = await lineWith(lines, 'state ');
  if (child.exitCode === null) await once(child, 'exit');
  const state = JSON.parse(line.slice('state '.length)) as StackState;
  expect(Object.values(state.processes).every(isSameProcess)).toBe(true);
  expect(await stopStack(state)).toEqual(['registry', 'redis', 'kafka']);
  expect(processesOf(dataDir)).toEqual([]);
}, 120_000);
