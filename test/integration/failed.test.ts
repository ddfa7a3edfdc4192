import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import type { ServiceProcess } from '../../bench/service-process.ts';
import { openDecoder } from '../../cli/data/topic-values.ts';
import type { VerifyReport } from '../../cli/verify/verify.ts';
import { now } from '../../lib/clock.ts';
import { projectDir } from '../../lib/config/state-file.ts';
import { readLog } from '../../lib/kafka/read-log.ts';
import type { Interaction } from '../../schemas/generated/interaction.ts';
import { interactions } from '../../topics/interactions.ts';
import { topicName } from '../../topics/topic.ts';
import { mendable, misplacedList } from '../support/mendable-events.ts';
import { folding, openPipeline, type Pipeline, someEvents } from '../support/pipeline.ts';

/** Failed events are worked on beside services that run; only the real thing shows that once is once. */
let pipeline: Pipeline;
let services: ServiceProcess;
const prefix = `failed-${randomUUID().slice(0, 8)}`;
const folder = mkdtempSync(join(tmpdir(), 'freshet-failed-'));

beforeAll(async () => {
  const addresses = {
    kafkaBrokers: inject('kafkaBrokers'),
    registryUrl: inject('registryUrl'),
    redisUrl: inject('redisUrl'),
  };
  pipeline = await openPipeline(addresses, prefix);
  services = await pipeline.run(folding);
  await pipeline.publish(someEvents(40, 3));
  await pipeline.publishRaw(await mendable(pipeline, prefix));
  await pipeline.caughtUp();
});

afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Done {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of services and commands from here on. */
let settings: Record<string, string> = {};

async function freshet(...args: string[]): Promise<Done> {
  const child: ChildProcess = spawn(process.execPath, [join(projectDir, 'cli/main.ts'), ...args], {
    cwd: folder,
    env: {
      ...pipeline.bed.environment,
      FRESHET_STATE_FILE: join(folder, 'none.json'),
      ...settings,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

interface Report {
  readonly replayed: number;
  readonly accepted: number;
  readonly open: number;
  readonly dropped: number;
  readonly chosen: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly groups: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly {
    readonly id: string;
    readonly reason: string;
    readonly state: string;
  }[];
  readonly whys: readonly { readonly why: string }[];
  readonly shown: readonly { readonly after: Readonly<Record<string, unknown>> | null }[];
  readonly history: readonly Readonly<Record<string, unknown>>[];
}

async function asked(...args: string[]): Promise<Report> {
  const done = await freshet('failed', ...args, '--json');
  expect(done.stdout, done.stderr).not.toBe('');
  return JSON.parse(done.stdout) as Report;
}

const eventsOf = async (...args: string[]) =>
  (await asked('list', '--events', '--limit', '100', ...args)).events;
const idOf = async (reason: string): Promise<string> =>
  (await eventsOf('--reason', reason)).at(-1)?.id ?? '';

/** How often each event id was accepted. */
async function accepted(): Promise<Map<string, number>> {
  const { config } = pipeline.bed;
  const decoder = openDecoder<Interaction>(config, interactions);
  const counts = new Map<string, number>();
  const topic = topicName(prefix, interactions);
  // A position that was emitted again is the same interaction.
  const positions = new Set<string>();
  for await (const records of readLog({ kafka: config.kafka, topic })) {
    await decoder.prepare(records.map(({ value }) => value));
    for (const { value } of records) {
      const decoded = decoder.decode(value);
      if (!decoded.ok) continue;
      const { event_id: id, source_partition: partition, source_offset: offset } = decoded.value;
      if (positions.has(`${partition}/${offset}`)) continue;
      positions.add(`${partition}/${offset}`);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

const expectVerified = async (): Promise<void> => {
  const report = await pipeline.verify();
  expect(report.differences, JSON.stringify(report)).toBe(0);
};

test('what failed is listed by reason, stage and producer', async () => {
  const { counts, groups } = await asked('list', '--stage', 'ingest');
  expect(counts).toEqual({ open: 10, replayed: 0, accepted: 0, dropped: 0 });
  const rows = groups.map(({ reason, producer, counts: own }) => [
    reason,
    producer,
    (own as { open: number }).open,
  ]);
  expect(rows.slice(0, 2)).toEqual([
    ['bad_magic', 'source=shop', 3],
    ['unknown_type', 'producer=till', 2],
  ]);
  expect(rows).toContainEqual(['ancient', expect.stringMatching(/^schema id \d+$/), 1]);
  expect(rows).toHaveLength(7);
  expect(await eventsOf('--reason', 'bad_magic', '--since', '1h')).toHaveLength(3);
  expect(await eventsOf('--since', new Date(now() + 60_000).toISOString())).toEqual([]);
});

test('JSON is fixed by a declared change, replayed twice, and counts once', async () => {
  const change = ['--producer', 'source=shop', '--as', 'json', '--rename', 'uid=user_id'];
  const dry = await asked('fix', 'shop.json', ...change, '--dry-run');
  expect(dry).toMatchObject({ chosen: 3, replayed: 3, open: 0 });
  expect(dry.shown[0]).toMatchObject({
    before: { uid: 'jane-1' },
    after: { user_id: 'jane-1', attributes: {} },
  });
  expect(existsSync(join(folder, 'shop.json'))).toBe(false);
  await asked('fix', 'shop.json', ...change);
  const sent = await asked('replay', '--producer', 'source=shop', '--fix', 'shop.json');
  expect(sent).toMatchObject({ replayed: 3, open: 0, once_by: { event_id: 3 } });
  await pipeline.caughtUp();
  expect(await asked('replay', '--producer', 'source=shop', '--fix', 'shop.json')).toMatchObject({
    chosen: 0,
  });
  const id = await idOf('bad_magic');
  const refused = await freshet('failed', 'replay', id, '--fix', 'shop.json');
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('is replayed already: --again');
  const again = await asked('replay', id, '--fix', 'shop.json', '--again');
  expect(again).toMatchObject({ replayed: 0, accepted: 1 });
  const counts = await accepted();
  expect([1, 2, 3].map((n) => counts.get(`json-${n}`))).toEqual([1, 1, 1]);
  await expectVerified();
});

test('two operators at once, while ingest is away and nobody can know: each counts once', async () => {
  await services.stop();
  const change = ['--producer', 'producer=till', '--set', 'type=purchase'];
  await asked('fix', 'buy.json', ...change);
  const ids = (await eventsOf('--reason', 'unknown_type')).map(({ id }) => id);
  const replay = (by: string) =>
    asked('replay', ...ids, '--fix', 'buy.json', '--by', by, '--again');
  const both = await Promise.all([replay('desk-a'), replay('desk-b')]);
  // Ingest has not seen either, so both are sent.
  expect(both.map(({ replayed }) => replayed)).toEqual([2, 2]);
  services = await pipeline.run(folding);
  await pipeline.caughtUp();
  const counts = await accepted();
  expect(['type-1', 'type-2'].map((id) => counts.get(id))).toEqual([1, 1]);
  const { history } = await asked('show', ids[0] ?? '');
  expect(new Set(history.map(({ by }) => by))).toEqual(new Set(['desk-a', 'desk-b']));
  expect(history[0]).toMatchObject({ outcome: 'replayed', changes: ['set type'] });
  await expectVerified();
});

test('what would fail again is said and stays open; times and ids can be mended', async () => {
  const asIs = await asked('replay', '--all', '--dry-run');
  expect(asIs).toMatchObject({ replayed: 0, open: 5 });
  const whys = asIs.whys.map(({ why }) => why).join('\n');
  expect(whys).toContain('only gets older');
  expect(whys).toContain('wait until that time');
  expect(whys).toContain('missing_event_id');
  expect(whys).not.toMatch(/no-id|ann|tea/);
  const mend = async (reason: string, ...change: string[]): Promise<Report> => {
    await asked('fix', `${reason}.json`, '--reason', reason, ...change);
    return asked('replay', '--reason', reason, '--fix', `${reason}.json`);
  };
  expect(await mend('ancient', '--times', 'occurred_at=1000')).toMatchObject({ replayed: 1 });
  const future = await mend('from_the_future', '--set', 'occurred_at=@appended_at');
  expect(future).toMatchObject({ replayed: 1 });
  const unnamed = await mend('missing_event_id', '--default', 'event_id=@position');
  expect(unnamed).toMatchObject({ replayed: 1, once_by: { position: 1 } });
  const renamed = ['--rename', 'uid=user_id', '--rename', 'kind=type'];
  expect(await mend('unknown_schema', ...renamed)).toMatchObject({ replayed: 1 });
  await pipeline.caughtUp();
  const counts = await accepted();
  for (const id of ['seconds-1', 'future-1', 'their-1'])
    expect([id, counts.get(id)]).toEqual([id, 1]);
  expect([...counts.keys()].filter((id) => id.startsWith('failed-'))).toHaveLength(1);
  await expectVerified();
});

test('one in full, as far as its bytes can be read', async () => {
  const done = await freshet('failed', 'show', await idOf('truncated'));
  expect(done.code, done.stderr).toBe(0);
  expect(done.stdout).toMatch(/read as +schema id \d+, up to attributes: truncated/);
  expect(done.stdout).toContain('event_id: "cut-1"');
  expect(done.stdout).toMatch(/as it is +open: truncated/);
  const short = (await idOf('truncated')).replace(pipeline.userEvents, 'user-events');
  expect((await freshet('failed', 'show', short)).stdout).toBe(done.stdout);
  expect((await freshet('failed', 'show', 'ingest/user-events/0/9999')).stderr).toContain(
    "there is no failed event 'ingest/",
  );
});

async function foldAgain(): Promise<void> {
  await services.stop();
  for (const service of folding) {
    const done = await freshet('reset', service, '--yes');
    expect(done.code, done.stderr).toBe(0);
  }
  services = await pipeline.run(folding, settings);
  await pipeline.caughtUp();
}

test('what was dropped stays dropped, and what was replayed counts once, when the log is folded again', async () => {
  const why = 'cut off in a crash of the till';
  expect(await asked('drop', '--reason', 'truncated', '--why', why)).toMatchObject({ dropped: 1 });
  const before = await asked('list');
  expect(before.counts).toEqual({ open: 0, replayed: 9, accepted: 0, dropped: 1 });
  await foldAgain();
  expect((await asked('list')).counts).toEqual(before.counts);
  const dropped = await asked('show', await idOf('truncated'));
  expect(dropped.history).toMatchObject([{ outcome: 'dropped', why }]);
  const counts = await accepted();
  for (const id of ['json-1', 'type-1', 'seconds-1']) expect([id, counts.get(id)]).toEqual([id, 1]);
  await expectVerified();
});

test('what counts where it lies, under other settings, is not sent a second time', async () => {
  const later = { event_id: 'later-1', user_id: 'eve', occurred_at: now() + 600_000 };
  await pipeline.publish([later]);
  await pipeline.caughtUp();
  expect((await asked('list')).counts).toMatchObject({ open: 1 });
  settings = { FRESHET_INGEST_AHEAD_MS_MAX: '3600000' };
  const early = await freshet('failed', 'replay', '--all');
  expect(early.stderr).toContain('ingest folds by other settings than this command has');
  await foldAgain();
  expect((await accepted()).get('later-1')).toBe(1);
  const done = await asked('replay', '--all');
  expect(done).toMatchObject({ replayed: 0, accepted: 1, open: 0 });
  expect(done.whys[0]?.why).toContain('counts where it lies');
  expect((await asked('list')).counts).toMatchObject({ open: 0, accepted: 1 });
  expect(await verified()).toMatchObject({ differences: 0 });
});

/** By the settings of now, which this process does not have. */
const verified = async (): Promise<VerifyReport> =>
  JSON.parse((await freshet('verify', '--json')).stdout) as VerifyReport;

test('a list in a wrong partition is sent to its user’s, where the newest counts', async () => {
  await pipeline.run(['external'], settings);
  await pipeline.publishRaw([await misplacedList(pipeline, prefix)]);
  await pipeline.caughtUp(['external']);
  const { groups } = await asked('list', '--stage', 'external');
  expect(groups).toMatchObject([{ reason: 'wrong_partition', counts: { open: 1 } }]);
  const sent = await asked('replay', '--stage', 'external');
  expect(sent).toMatchObject({ replayed: 1, once_by: { newest: 1 } });
  await pipeline.caughtUp(['external']);
  const { counts } = await asked('list', '--stage', 'external');
  expect(counts).toEqual({ open: 0, replayed: 1, accepted: 0, dropped: 0 });
  const { differences, services: folded } = await verified();
  expect(differences).toBe(0);
  const own = folded.find(({ service }) => service === 'external');
  expect(own).toMatchObject({ records: 2, failures: 1, differences: 0 });
});
