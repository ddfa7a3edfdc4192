import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';

import { sendCommands } from '../../cli/control/client.ts';
import { commands } from '../../topics/commands.ts';
import { topicName } from '../../topics/topic.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-control-tools-'));
const prefix = `ct-${randomUUID().slice(0, 8)}`;
let pipeline: Pipeline;

interface Done {
  readonly code: number | null;
  readonly said: string;
  readonly error: string;
}

const freshet = (...args: readonly string[]): Promise<Done> => typed(args).done;

function typed(args: readonly string[]): { readonly done: Promise<Done>; interrupt(): void } {
  const child = spawn(process.execPath, ['cli/main.ts', ...args], {
    cwd: new URL('../../', import.meta.url).pathname,
    env: { ...pipeline.bed.environment, FRESHET_STATE_FILE: join(folder, 'state.json') },
  });
  let said = '';
  let error = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const done = new Promise<Done>((resolve) =>
    child.once('close', (code) => resolve({ code, said: said.trim(), error: error.trim() })),
  );
  return { done, interrupt: () => void child.kill('SIGINT') };
}
const write = (name: string, value: object): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
};
const jsonOf = async (...args: readonly string[]): Promise<unknown> => {
  const { code, said, error } = await freshet(...args, '--json');
  expect(code, error).toBe(0);
  return JSON.parse(said.split('\n').at(-1) ?? '') as unknown;
};

beforeAll(async () => {
  const addresses = {
    kafkaBrokers: inject('kafkaBrokers'),
    registryUrl: inject('registryUrl'),
    redisUrl: inject('redisUrl'),
  };
  pipeline = await openPipeline(addresses, prefix);
});
afterAll(async () => {
  await pipeline.close();
  rmSync(folder, { recursive: true, force: true });
});

test('where no control runs the sender is told so, and what is too large is not sent', async () => {
  const { config } = pipeline.bed;
  const command = { kind: 'context.retire', body: { context: 'nowhere' } } as const;
  await expect(sendCommands(config, [command], { timeoutMs: 200 })).rejects.toThrow(
    /no control service has answered 'context.retire'.*run control` running/,
  );
  const large = { kind: 'apply', body: { definitions: ['x'.repeat(10 * 1024 * 1024)] } } as const;
  await expect(sendCommands(config, [large])).rejects.toThrow(
    /^nothing was sent: the command has 10\d+ bytes and at most 524288 are taken/,
  );
});

test('who breaks off a command that waits is told that it stays, and it ends at once', async () => {
  const topic = topicName(prefix, commands);
  const sent = async (): Promise<number> =>
    (await pipeline.bed.admin.topicOffsets(topic)).reduce((sum, { high }) => sum + high, 0);
  const before = await sent();
  const { done, interrupt } = typed(['context', 'retire', 'nowhere']);
  await vi.waitUntil(async () => (await sent()) > before, { timeout: 60_000, interval: 50 });
  interrupt();
  const { code, error } = await done;
  expect([code, error]).toEqual([
    1,
    expect.stringMatching(/^freshet: broken off: 'context.retire' may lie on its topic already/),
  ]);
});

test('a folder is applied, also with an experiment in it, and faults are listed at once', async () => {
  const control = await pipeline.run(['control']);
  write('old.json', { model: 'old', kind: 'trending' });
  write('new.json', { model: 'new', kind: 'trending', learning: { halfLifeHours: 3 } });
  write('shop.json', { context: 'shop', size: 5, ladder: [{ step: 'only', model: 'old' }] });
  const experiment = write('test.json', {
    experiment: 'newer',
    context: 'shop',
    variants: [
      { variant: 'a', model: 'old', weight: 0.5 },
      { variant: 'b', model: 'new', weight: 0.5 },
    ],
    outcome: { kinds: ['purchase'] },
  });
  const dry = await freshet('apply', folder, '--dry-run');
  expect(dry.said.split('\n').filter((line) => line.startsWith('would apply'))).toHaveLength(4);
  const first = await jsonOf('apply', folder);
  expect(first).toMatchObject({
    applied: [{ name: 'new' }, { name: 'old' }, { name: 'newer' }, { name: 'shop', revision: 1 }],
  });
  expect(await jsonOf('apply', folder)).toMatchObject({ applied: [] });
  const { said } = await freshet('experiment', 'create', experiment);
  expect(said).toBe("experiment 'newer' is there already, just so");
  write('bad.json', { context: 'shop-2', size: 0, ladder: [{ step: 'only', model: 'none' }] });
  const bad = await freshet('apply', folder);
  expect([bad.code, bad.error]).toEqual([1, expect.stringMatching(/there are 2 faults:\n {2}bad/)]);
  rmSync(join(folder, 'bad.json'));
  await control.stop();
});

test('an experiment goes its way by commands, and everything can be looked at', async () => {
  const control = await pipeline.run(['control']);
  const cold = await freshet('experiment', 'start', 'newer');
  expect([cold.code, cold.error]).toEqual([1, expect.stringContaining('models are not warm')]);
  const started = await freshet('experiment', 'start', 'newer', '--force', '--by', 'research');
  expect(started.said).toBe(
    "experiment 'newer' runs on 'shop' with 100 % of the users of layer 'default'",
  );
  const refused = await freshet('context', 'retire', 'shop');
  expect([refused.code, refused.error]).toEqual([
    1,
    "freshet: context 'shop' cannot change while experiment 'newer' runs on it: stop it first",
  ]);
  expect(await jsonOf('context', 'show', 'shop')).toMatchObject({
    revision: 1,
    running: ['newer'],
    measured: null,
  });
  expect((await freshet('context', 'list')).said).toMatch(/shop@\w+ +5 +old@\w+ +newer/);
  const [, version = ''] = /(new@\w+)/.exec((await freshet('model', 'list')).said) ?? [];
  expect((await freshet('model', 'delete', version)).error).toContain("'newer' (running)");
  expect(await jsonOf('model', 'show', 'new')).toMatchObject({ models: [{ version }] });
  await freshet('experiment', 'stop', 'newer', '--why', 'seen enough');
  const decision = ['--winner', 'b', '--why', 'b sold 3 % more, at 95 %', '--promote'];
  const both = await freshet('experiment', 'decide', 'newer', ...decision, '--no-winner');
  expect(both.error).toBe('freshet: say one of --winner NAME and --no-winner');
  // Nobody measures here.
  const blind = await freshet('experiment', 'decide', 'newer', ...decision);
  expect(blind.error).toContain('name the metrics service with --metrics URL, or say --force');
  const unfounded = await freshet('experiment', 'decide', 'newer', ...decision.slice(0, -1));
  expect([unfounded.code, unfounded.error]).toEqual([
    1,
    expect.stringMatching(
      /'newer' was not decided: .*do not show that 'b' won: .* say --no-winner/,
    ),
  ]);
  const decided = await freshet('experiment', 'decide', 'newer', ...decision, '--force');
  expect(decided.said).toContain("'b' won, and its model serves 'shop' now");
  expect(await jsonOf('context', 'show', 'shop')).toMatchObject({
    revision: 2,
    definition: { ladder: [{ model: version }] },
  });
  const history = (await freshet('history', '--of', 'newer')).said.split('\n');
  expect(history.at(-1)).toMatch(/^\d{4}-.*Z {2}freshet: experiment.decide accepted: experiment/);
  expect(history.filter((line) => line.includes('research: experiment.start'))).toHaveLength(1);
  await control.stop();
});
