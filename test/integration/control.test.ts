import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';

import type { ServiceProcess } from '../../bench/service-process.ts';
import { type Agreement, checkAgreement } from '../../cli/control/agreement.ts';
import {
  type ControlClient,
  type ControlCommand,
  detailsOf,
  openControlClient,
} from '../../cli/control/client.ts';
import { readHistory } from '../../cli/control/history.ts';
import { readPublished } from '../../cli/control/published.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import type { CommandResult } from '../../schemas/generated/command-result.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { contexts } from '../../topics/contexts.ts';
import { topicName } from '../../topics/topic.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';

const prefix = `control-${randomUUID().slice(0, 8)}`;
const waitMs = 30_000;
let pipeline: Pipeline;
let client: ControlClient;

beforeAll(async () => {
  pipeline = await openPipeline(
    {
      kafkaBrokers: inject('kafkaBrokers'),
      registryUrl: inject('registryUrl'),
      redisUrl: inject('redisUrl'),
    },
    prefix,
  );
  client = await openControlClient(pipeline.bed.config, { sentBy: 'a test' });
});
afterAll(async () => {
  await client.close();
  await pipeline.close();
});

const ask = async (command: ControlCommand): Promise<CommandResult> => {
  const result = await client.send(command, waitMs);
  if (result === null) throw new Error(`no answer to ${command.kind}`);
  return result;
};
const context = (name: string, size: number): ControlCommand => ({
  kind: 'apply',
  body: {
    definitions: [
      JSON.stringify({ model: 'shelf', kind: 'trending' }),
      JSON.stringify({ context: name, size, ladder: [{ step: 'only', model: 'shelf' }] }),
    ],
  },
});
const retire = (name: string): ControlCommand => ({
  kind: 'context.retire',
  body: { context: name },
});
/** Repairs come after what they repair: the last word is waited for. */
const agreed = async (): Promise<Agreement> => {
  for (let tried = 1; ; tried += 1) {
    const agreement = await checkAgreement(pipeline.bed.config);
    const isWhole = agreement.lost === 0 && agreement.differences.length === 0;
    if (isWhole || tried === 20) return agreement;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};
const whole = { lost: 0, appliedTwice: 0, differences: [] };
const kill = async (service: ServiceProcess, signal: NodeJS.Signals): Promise<void> => {
  process.kill(service.pid, signal);
  if (signal === 'SIGKILL') await service.ended.catch(() => undefined);
};

/** Sizes from 1 on for one context, each when the one before it is answered, until told to end. */
const streaming = (name: string): { end(): Promise<CommandResult[]> } => {
  let more = true;
  const run = async (): Promise<CommandResult[]> => {
    const results: CommandResult[] = [];
    while (more) {
      const at = results.length;
      results.push(await ask(at % 7 === 6 ? retire(name) : context(name, 1 + (at % 6))));
    }
    return results;
  };
  const running = run();
  return {
    end: () => {
      more = false;
      return running;
    },
  };
};

test('two at once decide each command once, in one order', async () => {
  const both = await Promise.all([pipeline.run(['control']), pipeline.run(['control'])]);
  const streams = ['one', 'two', 'three'].map(streaming);
  await ask(context('four', 5));
  await ask(context('four', 6));
  const results = (await Promise.all(streams.map((stream) => stream.end()))).flat();
  expect(results.every(({ status }) => status === 'accepted')).toBe(true);
  expect(await agreed()).toMatchObject(whole);
  for (const one of both) await one.stop();
});

test('what is sent again is done once, and an id means one thing', async () => {
  const control = await pipeline.run(['control']);
  const id = randomUUID();
  const first = await ask({ ...context('again', 5), id });
  const second = await ask({ ...context('again', 5), id });
  expect([first.status, second.status]).toEqual(['accepted', 'repeated']);
  expect([second.sentence, second.changes]).toEqual([first.sentence, first.changes]);
  const other = await ask({ ...context('again', 7), id });
  expect([other.status, other.sentence]).toEqual([
    'refused',
    expect.stringContaining('was used for another one'),
  ]);
  await kill(control, 'SIGKILL');
  // Whoever comes next knows the id too.
  const next = await pipeline.run(['control']);
  expect((await ask({ ...context('again', 5), id })).status).toBe('repeated');
  expect(await agreed()).toMatchObject(whole);
  await next.stop();
});

test.each(['after_emit', 'after_commit'])('killed %s, it is as if it had not been', async (at) => {
  const dying = await pipeline.run(['control'], { FRESHET_FAILPOINT: `${at}:1` });
  const answer = ask(context(`killed-${at.replace('_', '-')}`, 5));
  await dying.ended.catch(() => undefined);
  const next = await pipeline.run(['control']);
  expect((await answer).status).toBe('accepted');
  expect(await agreed()).toMatchObject(whole);
  await next.stop();
});

test('one that was frozen and wakes up after others took over changes nothing', async () => {
  const frozen = await pipeline.run(['control']);
  const stream = streaming('frozen');
  await ask(context('five', 5));
  await kill(frozen, 'SIGSTOP');
  const next = await pipeline.run(['control']);
  await ask(context('five', 6));
  await kill(frozen, 'SIGCONT');
  await ask(context('five', 7));
  await kill(next, 'SIGKILL');
  await ask(context('five', 8));
  await stream.end();
  expect(await agreed()).toMatchObject(whole);
  await frozen.stop();
});

/** A context whose rule asks for 200 days. */
const asksForDays = (name: string, size: number): ControlCommand => ({
  kind: 'apply',
  body: {
    definitions: [
      JSON.stringify({ model: 'shelf', kind: 'trending' }),
      JSON.stringify({
        context: name,
        size,
        rules: [{ rule: 'not-seen', kinds: ['view'], withinDays: 200 }],
        ladder: [{ step: 'only', model: 'shelf' }],
      }),
    ],
  },
});

test('one command is decided in one way, also by who was started under other settings', async () => {
  const ample = await pipeline.run(['control']);
  await ask(context('six', 5));
  await ample.stop();
  // Keeps 200 days, sends what it has accepted, and ends before it has decided.
  const dying = await pipeline.run(['control'], { FRESHET_FAILPOINT: 'after_emit:1' });
  const answer = ask(asksForDays('six', 6));
  await dying.ended.catch(() => undefined);
  const next = await pipeline.run(['control'], { FRESHET_SEEN_AGE_DAYS: '30' });
  expect((await answer).sentence).toBe('1 definition published, 1 unchanged');
  expect((await ask(asksForDays('seven', 5))).sentence).toMatch(/withinDays.*200.*30/);
  expect(await agreed()).toMatchObject(whole);
  await next.stop();
});

test('what one has said of its settings and not decided does not count for the next one', async () => {
  const ample = await pipeline.run(['control']);
  await ask(asksForDays('eight', 5));
  await ample.stop();
  const few = { FRESHET_SEEN_AGE_DAYS: '30', FRESHET_FAILPOINT: 'after_emit:1' };
  const dying = await pipeline.run(['control'], few).catch(() => null);
  await dying?.ended.catch(() => undefined);
  const next = await pipeline.run(['control']);
  expect((await ask(asksForDays('eight', 6))).status).toBe('accepted');
  expect(await agreed()).toMatchObject(whole);
  await next.stop();
});

test('a newer record that no command has made is published over, under a revision that readers take', async () => {
  const control = await pipeline.run(['control']);
  await ask(context('nine', 5));
  const topic = topicName(prefix, contexts);
  const { registry } = pipeline.bed;
  const encode = await openEncoder<Definition>(registry, `${topic}-value`, definitionSchema);
  const foreign = (name: string, revision: number) => {
    const value = encode({ name, version: `${name}@0123456789ab`, revision, content: '{}' });
    return { topic, key: name, value };
  };
  const decided = (await readPublished(pipeline.bed.config)).contexts.live.get('nine');
  await pipeline.publishRaw([foreign('nine', 1), foreign('nine', 7), foreign('unknown', 3)]);
  const settled = { timeout: 30_000, interval: 250 };
  await vi.waitFor(async () => {
    const { live, gone } = (await readPublished(pipeline.bed.config)).contexts;
    expect([live.get('nine'), gone.get('unknown')]).toEqual([{ ...decided, revision: 8 }, 4]);
  }, settled);
  expect(await agreed()).toMatchObject(whole);
  const history = await readHistory(pipeline.bed.config);
  expect(history.at(-1)).toMatchObject({ kind: 'definitions.restate', sent_by: 'control' });
  await control.stop();
});

test('an older record that comes late is published over, and so is a late withdrawal', async () => {
  const { config, registry } = pipeline.bed;
  const control = await pipeline.run(['control']);
  await ask(context('late', 5));
  await ask(context('late', 6));
  await ask(context('gone', 5));
  await ask(retire('gone'));
  const topic = topicName(prefix, contexts);
  const encode = await openEncoder<Definition>(registry, `${topic}-value`, definitionSchema);
  const older = (name: string): Definition => ({
    name,
    version: `${name}@0123456789ab`,
    revision: 1,
    content: '{}',
  });
  const send = (name: string, record: Definition | null) =>
    pipeline.publishRaw([{ topic, key: name, value: record === null ? null : encode(record) }]);
  await send('late', older('late'));
  await send('gone', older('gone'));
  expect(await agreed()).toMatchObject(whole);
  await send('late', null);
  expect(await agreed()).toMatchObject(whole);
  await control.stop();
  // With nobody there, it is put right by whoever starts next.
  await send('late', older('late'));
  expect((await checkAgreement(config)).differences).toEqual([
    expect.stringContaining('revision 1 stands after 2'),
    expect.stringContaining('contexts/late: topics late@0123456789ab 1'),
  ]);
  const next = await pipeline.run(['control']);
  expect(await agreed()).toMatchObject(whole);
  await next.stop();
});

test('the history tells all of it', async () => {
  const history = await readHistory(pipeline.bed.config);
  const [first] = history;
  expect(first).toMatchObject({ kind: 'settings.change', command_offset: 0 });
  expect(history[1]).toMatchObject({ kind: 'apply', status: 'accepted', command_offset: 1 });
  expect(history.map(({ command_offset: offset }) => offset)).toEqual(history.map((_, at) => at));
  const again = history.filter(({ status }) => status === 'repeated');
  expect(again.map((one) => detailsOf(one)['was'])).toEqual(['accepted', 'accepted']);
  const state = await readPublished(pipeline.bed.config);
  expect([...state.contexts.gone.keys()]).toContain('gone');
  // And folded again from the log it comes to the same state and answers.
  const { differences, services } = await pipeline.verify();
  const control = services.find(({ service }) => service === 'control');
  expect([differences, control?.differences]).toEqual([0, 0]);
  expect(control?.values).toBeGreaterThan(history.length - again.length);
});
