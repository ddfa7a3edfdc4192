import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { WhyReport } from '../../cli/why/report.ts';
import { now } from '../../lib/clock.ts';

const root = new URL('../../', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'freshet-tools-'));
const addresses = {
  FRESHET_KAFKA_BROKERS: inject('kafkaBrokers'),
  FRESHET_REGISTRY_URL: inject('registryUrl'),
  FRESHET_REDIS_URL: inject('redisUrl'),
  FRESHET_LOG_LEVEL: 'warn',
  FRESHET_STATE_FILE: join(folder, 'state.json'),
};
const prefixed = (): Record<string, string> => ({
  ...addresses,
  FRESHET_PREFIX: `t${randomUUID().slice(0, 8)}`,
});

interface Done {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const launch = (environment: Record<string, string>, args: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['cli/main.ts', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
  });

async function ended(child: ChildProcess, stdin = ''): Promise<Done> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** The last line that a command prints, as JSON. */
const jsonOf = ({ stdout }: Done): Record<string, unknown> =>
  JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('with all services running', () => {
  const environment = prefixed();
  const run = (args: readonly string[], stdin = ''): Promise<Done> =>
    ended(launch(environment, args), stdin);
  let services: ChildProcess;
  const stopServices = async (): Promise<void> => {
    if (services.exitCode !== null) return;
    const gone = new Promise((resolve) => services.once('close', resolve));
    services.kill('SIGTERM');
    await gone;
  };

  beforeAll(async () => {
    for (const args of [
      ['topics', 'apply'],
      ['schemas', 'apply'],
      ['apply', 'definitions', '--here'],
    ]) {
      const done = await run(args);
      expect(done.code, done.stderr).toBe(0);
    }
    services = launch(environment, ['run', '--all', '--json', '--port', '0']);
    services.stderr?.resume();
    services.stdout?.resume();
  });
  afterAll(stopServices);

  const events = [
    'user_id,item_id,event_type,timestamp_ms',
    ...['a', 'b', 'c'].flatMap((user, at) =>
      ['x', 'y', `z${at}`].map((item) => `${user},${item},purchase,${now() - 60_000}`),
    ),
    `a,,purchase,${now()}`,
  ].join('\n');
  const file = join(folder, 'events.csv.gz');
  const bytes = gzipSync(events);
  writeFileSync(file, bytes);
  const sha16 = createHash('sha256').update(bytes).digest('hex').slice(0, 16);

  test('a file is published with faults by line; again it changes nothing', async () => {
    const items = join(folder, 'items.jsonl');
    writeFileSync(items, ['x', 'y', 'z0', 'z1', 'z2'].map(itemLine).join('\n'));
    const first = await run(['publish', file, '--items', items, '--json']);
    expect(first.code, first.stderr).toBe(0);
    expect(jsonOf(first)).toMatchObject({
      events: 9,
      faults: 1,
      first_faults: [{ line: 11, reason: expect.stringContaining('item_id') as unknown }],
    });
    const strict = await run(['publish', file, '--strict']);
    expect(strict.code).toBe(1);
    expect(strict.stderr).toContain('nothing was published');
    expect(jsonOf(await run(['replay', file, '--json']))).toMatchObject({ events: 9 });
    const tailed = await run(['tail', 'user-events', '--from-beginning', '--json']);
    const ids = tailed.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { value: { event_id: string } }).value.event_id);
    expect(ids).toHaveLength(18);
    expect(new Set(ids)).toEqual(new Set(Array.from({ length: 9 }, (_, n) => `${sha16}-${n + 1}`)));
    await untilCaughtUp(run);
    const accepted = await run(['tail', 'interactions', '--from-beginning', '--json']);
    expect(accepted.stdout.trim().split('\n')).toHaveLength(9);
  });

  test('an event from standard input makes new candidates', async () => {
    const event = { user_id: 'a', item_id: 'x', type: 'purchase', occurred_at: 'now' };
    const done = await run(['publish', '-', '--json'], JSON.stringify(event));
    expect(jsonOf(done)).toMatchObject({ events: 1, faults: 0 });
    await untilCaughtUp(run);
  });

  test('a request gets its own answer, and what was bought is not in it', async () => {
    const answers = await Promise.all(
      ['a', 'b'].map((user) =>
        run(['request', '--user', user, '--context', 'home-feed', '--json']),
      ),
    );
    for (const [at, user] of ['a', 'b'].entries()) {
      const answer = jsonOf(answers[at] as Done);
      expect(answer).toMatchObject({ status: 'ok', user_id: user });
      const ids = (answer['items'] as { item_id: string }[]).map(({ item_id: id }) => id);
      expect(ids).toContain(`z${1 - at}`);
      for (const seen of ['x', 'y', `z${at}`]) expect(ids).not.toContain(seen);
    }
    const shown = await run(['request', '--user', 'a', '--context', 'home-feed']);
    expect(shown.stdout).toContain('Title of z1');
    const unknown = await run(['request', '--user', 'a', '--context', 'nowhere']);
    expect(unknown.code).toBe(1);
    expect(unknown.stdout).toContain('unknown_context');
  });

  test('a user is shown as services know it', async () => {
    const user = jsonOf(await run(['user', 'a', '--json']));
    expect(user).toMatchObject({
      user_id: 'a',
      features: { counts: { purchase: expect.closeTo(4, 1) as unknown } },
    });
    const { items } = user['seen'] as { items: { item_id: string; by: string[] }[] };
    expect(items.map(({ item_id: id }) => id).toSorted()).toEqual(['x', 'y', 'z0']);
    expect(items[0]?.by).toEqual(['purchase']);
    expect(Object.keys(user['candidates'] as object)).toEqual([
      expect.stringMatching(/^blend@/) as unknown,
    ]);
    const nobody = await run(['user', 'nobody']);
    expect(nobody).toMatchObject({
      code: 1,
      stderr: "freshet: nothing is known of user 'nobody'\n",
    });
  });

  test('why says what an answer rests on, and what each rule took away', async () => {
    const asked = jsonOf(await run(['request', '--user', 'a', '--context', 'home-feed', '--json']));
    const id = String(asked['answer_id']);
    const why = await run(['why', id, '--json']);
    expect(why.code, why.stderr).toBe(0);
    const found = jsonOf(why) as unknown as WhyReport;
    expect(found.stated).toMatchObject({ answer_id: id, items: asked['items'] });
    expect(found.profile.recent_items.map(({ item_id: item }) => item).toSorted()).toEqual([
      'x',
      'y',
      'z0',
    ]);
    // Nothing happened since: what is recomputed is what was answered.
    const ids = (items: readonly { item_id: string }[]): string[] =>
      items.map(({ item_id: item }) => item).toSorted();
    expect(ids(found.items)).toEqual(ids(found.stated?.items ?? []));
    const [personal] = found.steps;
    expect(personal?.stored).toMatchObject({ profile_offset: expect.any(Number) as unknown });
    const candidates = personal?.candidates ?? [];
    const z1 = candidates.find(({ item_id: item }) => item === 'z1');
    expect(z1).toMatchObject({ title: 'Title of z1', removed_by: null });
    expect(z1?.proposals.length).toBeGreaterThan(0);
    expect(['x', 'y', 'z0']).toContain(z1?.because?.item_id);
    for (const { item_id: item, removed_by: rule, place } of candidates)
      if (['x', 'y', 'z0'].includes(item)) expect([rule, place]).toEqual(['not-seen', null]);
    expect(Object.values(found.ages.learned_up_to)).not.toContain(null);
    expect(found.ages.newest_item_at).not.toBeNull();
    const text = await run(['why', '--user', 'a', '--context', 'home-feed']);
    expect(text.stdout).toContain('because of');
    expect(text.stdout).not.toContain('as it was given');
  });

  test('why says in one line what it cannot find', async () => {
    const wrong: [readonly string[], string][] = [
      [['--user', 'nobody', '--context', 'home-feed'], "nothing is known of user 'nobody'"],
      [['--user', 'a', '--context', 'nowhere'], "there is no context 'nowhere'"],
      [['requests-0-999999'], "there is no answer 'requests-0-999999'"],
      [['something'], "'something' is no answer id"],
      [['--user', 'a'], 'name an answer id, or --user and --context'],
    ];
    const done = await Promise.all(wrong.map(([args]) => run(['why', ...args])));
    for (const [at, { code, stderr }] of done.entries()) {
      expect(code).toBe(1);
      expect(stderr).toContain(`freshet: ${wrong[at]?.[1]}`);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  test('signals are unpacked', async () => {
    const { stdout } = await run(['tail', 'item-signals', '--from-beginning', '--json']);
    expect(stdout).toContain('"channel":3');
    expect(stdout).toMatch(/"item":"z\d","others":\[/);
  });

  test('a service that runs is not reset; a stopped one folds its log anew', async () => {
    const running = await run(['reset', 'seen-items', '--yes']);
    expect(running.code).toBe(1);
    expect(running.stderr).toContain('stop the service first');
    expect((await run(['reset', 'control', '--yes'])).stderr).toContain('freshet rebuild control');
    await stopServices();
    const asked = await run(['reset', 'seen-items']);
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain('--yes');
    const { dropped } = jsonOf(await run(['reset', 'seen-items', '--yes', '--json']));
    expect(dropped).toMatchObject([{ fold: 'seen-items' }]);
    expect(jsonOf(await run(['lag', '--json']))['not_started']).toEqual(['seen-items']);
    const late = await run(['request', '--user', 'a', '--context', 'basket', '--timeout', '500']);
    expect(late).toMatchObject({ code: 1 });
    expect(late.stderr).toContain('no answer within 500 ms');
  });
});

const itemLine = (item: string): string =>
  JSON.stringify({ item_id: item, title: `Title of ${item}`, categories: ['test'] });

async function untilCaughtUp(run: (args: readonly string[]) => Promise<Done>): Promise<void> {
  const giveUpMs = now() + 120_000;
  for (let quiet = 0; quiet < 2 && now() < giveUpMs; ) {
    const lag = jsonOf(await run(['lag', '--json']));
    const started = (lag['not_started'] as string[]).length === 0;
    quiet = started && lag['messages'] === 0 ? quiet + 1 : 0;
  }
}

test('start replays, verifies and says what came of it', async () => {
  const environment = prefixed();
  const args = ['start', '--once', '--json', '--events', '2000'];
  const done = await ended(launch(environment, [...args, '--data-dir', join(folder, 'start')]));
  expect(done.code, done.stderr).toBe(0);
  expect(jsonOf(done)).toMatchObject({
    events: 2_000,
    accepted: 2_000,
    duplicates: 0,
    failed: 0,
    seen_violations: 0,
    verify_differences: 0,
    items: 3_659,
  });
  expect(existsSync(environment['FRESHET_STATE_FILE'] ?? '')).toBe(false);
});

test('when start is killed hard, its services end by themselves', async () => {
  const dataDir = join(folder, 'killed');
  const environment = prefixed();
  const child = launch(environment, ['start', '--data-dir', dataDir, '--events', '1000']);
  const output: string[] = [];
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      output.push(chunk.toString());
      if (output.join('').includes('All services are ready')) resolve();
    });
    child.once('close', () => resolve());
  });
  const pids = childrenOf(child.pid ?? 0);
  expect(pids.length, output.join('')).toBeGreaterThanOrEqual(2);
  // `context show` finds measured values by it where there is no Prometheus.
  const state = readFileSync(environment['FRESHET_STATE_FILE'] ?? '', 'utf8');
  expect(JSON.parse(state)).toMatchObject({ metricsUrl: expect.stringMatching(/^http:/) });
  child.kill('SIGKILL');
  await expect.poll(() => pids.filter(isAlive), { timeout: 60_000 }).toEqual([]);
});

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
