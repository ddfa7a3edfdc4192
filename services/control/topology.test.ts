import fc from 'fast-check';
import { expect, test } from 'vitest';

import { drive } from '../../lib/stream/memory-driver.ts';
import type { LogRecord } from '../../lib/stream/topology.ts';
import type { Command } from '../../schemas/generated/command.ts';
import type { CommandResult } from '../../schemas/generated/command-result.ts';
import type { Definition } from '../../schemas/generated/definition.ts';
import { context, experiment, facts, model } from './fakes.ts';
import { decodeState, encodeState } from './state.ts';
import { controlFold, type ControlOptions, repeatedWithinMs } from './topology.ts';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const topics = {
  models: 'models',
  contexts: 'contexts',
  experiments: 'experiments',
  commands: 'commands',
  results: 'results',
};
const options: ControlOptions = {
  topics,
  decoder: {
    prepare: async () => undefined,
    decode: (value) =>
      value === null
        ? { ok: false as const, reason: 'empty_value', detail: '' }
        : { ok: true as const, value: JSON.parse(value.toString()) as Command },
  },
  encodeDefinition: { models: json, contexts: json, experiments: json },
  encodeResult: json,
  facts,
};
const fold = controlFold(options);

const startMs = 1_700_000_000_000;
const command = (
  offset: number,
  id: string,
  given: { kind: string; body: unknown; atMs?: number },
): LogRecord => ({
  topic: 'commands',
  partition: 0,
  offset,
  timestampMs: given.atMs ?? startMs + offset,
  key: Buffer.from(id),
  value: json({
    command_id: id,
    kind: given.kind,
    body: JSON.stringify(given.body),
    sent_at: 1,
    sent_by: 'a test',
  } satisfies Command),
  headers: {},
});
const applied = { kind: 'apply', body: { definitions: [model('old'), context('home', ['old'])] } };
const retire = { kind: 'context.retire', body: { context: 'home' } };

const resultsOf = (emitted: readonly { topic: string; value: Buffer | null }[]): CommandResult[] =>
  emitted
    .filter(({ topic }) => topic === 'results')
    .map(({ value }) => JSON.parse(String(value)) as CommandResult);

test('a command is answered after what it published, with where and when it stood', async () => {
  const { emitted, shared } = await drive(fold, [command(0, 'one', applied)]);
  expect(emitted.map(({ topic, key }) => `${topic} ${String(key).split('@')[0]}`)).toEqual([
    'models old',
    'contexts home',
    'results one',
  ]);
  const [result] = resultsOf(emitted);
  expect(result).toMatchObject({
    status: 'accepted',
    decided_at: startMs,
    command_offset: 0,
    changes: [
      { topic: 'models', revision: 1 },
      { topic: 'contexts', key: 'home', revision: 1 },
    ],
  });
  const state = decodeState(shared as Buffer);
  expect([...state.contexts.live.keys()]).toEqual(['home']);
  expect(encodeState(state)).toEqual(shared);
});

test('a command that comes again is answered as before and done once; another one is not taken', async () => {
  const { emitted } = await drive(fold, [
    command(0, 'one', applied),
    command(1, 'one', applied),
    command(2, 'one', retire),
    command(3, 'two', { kind: 'context.retire', body: { context: 'none' } }),
    command(4, 'two', { kind: 'context.retire', body: { context: 'none' } }),
  ]);
  const results = resultsOf(emitted);
  expect(results.map(({ status }) => status)).toEqual([
    'accepted',
    'repeated',
    'refused',
    'refused',
    'repeated',
  ]);
  expect(results[1]).toMatchObject({
    sentence: results[0]?.sentence,
    changes: results[0]?.changes,
    command_offset: 1,
  });
  expect(results[2]?.sentence).toMatch(/was used for another one \(apply\).* fresh id/);
  expect(JSON.parse(results[4]?.details ?? '')).toEqual({ was: 'refused' });
  expect(emitted.filter(({ topic }) => topic === 'contexts')).toHaveLength(1);
});

test('after a month an id is as good as a fresh one', async () => {
  const later = startMs + repeatedWithinMs + 10;
  const { emitted } = await drive(fold, [
    command(0, 'one', applied),
    command(1, 'two', { ...retire, atMs: later }),
    command(2, 'one', { ...applied, atMs: later }),
  ]);
  expect(resultsOf(emitted).map(({ status }) => status)).toEqual([
    'accepted',
    'accepted',
    'accepted',
  ]);
});

test('an id that cannot be answered is set aside', async () => {
  const { failures, emitted } = await drive(fold, [
    command(0, '', retire),
    command(1, 'x'.repeat(65), retire),
  ]);
  expect([failures.map(({ reason }) => reason), emitted.length]).toEqual([
    ['bad_command_id', 'bad_command_id'],
    2,
  ]);
});

test('settings that the log says count from there on, whoever folds it', async () => {
  const remembering = (daysMax: number) =>
    controlFold({ ...options, facts: { ...facts, seen: { ...facts.seen, daysMax } } });
  const asking = (name: string): { kind: string; body: unknown } => ({
    kind: 'apply',
    body: {
      definitions: [
        model('old'),
        context(name, ['old'], {
          rules: [{ rule: 'not-seen', kinds: ['view'], withinDays: 200 }],
        }),
      ],
    },
  });
  const settings = (daysMax: number): { kind: string; body: unknown } => ({
    kind: 'settings.change',
    body: { daysMax, kinds: ['view'], profileAttributes: [], servedAnswersMax: 0 },
  });
  const records = [
    command(0, 'a', settings(400)),
    command(1, 'b', asking('one')),
    command(2, 'c', settings(30)),
    command(3, 'd', asking('two')),
    command(4, 'e', settings(30)),
  ];
  const ample = await drive(remembering(400), records);
  const short = await drive(remembering(30), records);
  expect(short.emitted).toEqual(ample.emitted);
  expect(short.shared).toEqual(ample.shared);
  const results = resultsOf(ample.emitted);
  expect(results.map(({ status }) => status)).toEqual([
    'accepted',
    'accepted',
    'accepted',
    'refused',
    'accepted',
  ]);
  expect(results[2]?.sentence).toMatch(/30 days, .*; what 'one' asks for is more, and stays/);
  expect(results[3]?.sentence).toMatch(/200/);
  expect(results[4]?.sentence).toBe('these settings are in force already');
  expect(decodeState(ample.shared as Buffer).settings?.daysMax).toBe(30);
});

test('what was accepted before a judgement stays when the log is folded again', async () => {
  const settings = { daysMax: 400, kinds: ['view', 'purchase'] };
  const variants = ['a', 'b'].map((variant) => ({ variant, model: 'old', weight: 0.5 }));
  const course = (name: string) => [
    { kind: 'experiment.create', body: { definition: experiment(name, { variants, mode: 'aa' }) } },
    { kind: 'experiment.start', body: { experiment: name } },
    { kind: 'experiment.stop', body: { experiment: name, why: 'two\nlines' } },
    { kind: 'experiment.stop', body: { experiment: name, why: 'one line' } },
    { kind: 'experiment.decide', body: { experiment: name, winner: 'b', sentence: 'better' } },
  ];
  const given = [
    { kind: 'settings.change', body: settings },
    applied,
    ...course('one'),
    { kind: 'settings.change', body: { ...settings, judgement: 2 } },
    ...course('two'),
  ];
  const records = given.map((one, at) => command(at, `id-${at}`, one));
  const { emitted, shared } = await drive(fold, records);
  const results = resultsOf(emitted);
  const statuses = results.map(({ status }) => status);
  expect(statuses.slice(4, 7)).toEqual(['accepted', 'refused', 'accepted']);
  expect(statuses.slice(10)).toEqual(['refused', 'accepted', 'refused']);
  expect(results[10]?.sentence).toMatch(/: why: must be one line/);
  expect(results[12]?.sentence).toMatch(/is an A\/A test/);
  const { live } = decodeState(shared as Buffer).experiments;
  const states = [...live.values()].map(
    ({ content }) => (JSON.parse(content) as { state: string }).state,
  );
  expect(states).toEqual(['decided', 'stopped']);
});

const anyCommand = fc.oneof(
  fc
    .record({ size: fc.integer({ min: 1, max: 3 }), depth: fc.integer({ min: 50, max: 52 }) })
    .map(({ size, depth }) => ({
      kind: 'apply',
      body: {
        definitions: [model('old', depth), model('new', 60), context('home', ['old'], { size })],
      },
    })),
  fc.constantFrom('one', 'two').map((name) => ({
    kind: 'experiment.create',
    body: { definition: experiment(name, { traffic: 0.4 }) },
  })),
  fc
    .record({
      name: fc.constantFrom('one', 'two'),
      kind: fc.constantFrom(
        'experiment.start',
        'experiment.stop',
        'experiment.decide',
        'experiment.delete',
      ),
    })
    .map(({ name, kind }) => ({
      kind,
      body: {
        experiment: name,
        ...(kind.endsWith('stop') ? { why: 'enough' } : {}),
        ...(kind.endsWith('decide') ? { winner: 'b', sentence: 'better', promote: true } : {}),
      },
    })),
  fc.constant(retire),
);

test('history, state and topics agree, however the log was cut into slices', async () => {
  const log = fc.array(fc.record({ id: fc.nat(40), given: anyCommand }), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(log, fc.integer({ min: 1, max: 7 }), async (given, recordsMax) => {
      const records = given.map((one, at) => command(at, `id-${one.id}`, one.given));
      const whole = await drive(fold, records);
      const cut = await drive(fold, records, { bounds: { recordsMax } });
      expect(cut.emitted).toEqual(whole.emitted);
      expect(cut.shared).toEqual(whole.shared);
      expect(cut.rows).toEqual(whole.rows);
      if (whole.shared === null) return;
      const state = decodeState(whole.shared);
      const history = new Map<string, string>();
      const onTopics = new Map<string, string>();
      for (const result of resultsOf(whole.emitted)) {
        if (result.status !== 'accepted') continue;
        for (const { topic, key, version, revision } of result.changes)
          history.set(`${topic}/${key}`, version === '' ? '' : `${version} ${revision}`);
      }
      for (const { topic, key, value } of whole.emitted) {
        if (topic === 'results') continue;
        const record = value === null ? null : (JSON.parse(String(value)) as Definition);
        onTopics.set(
          `${topic}/${String(key)}`,
          record === null ? '' : `${record.version} ${record.revision}`,
        );
      }
      const stored = new Map<string, string>();
      for (const topic of ['models', 'contexts', 'experiments'] as const) {
        for (const key of state[topic].gone.keys()) stored.set(`${topic}/${key}`, '');
        for (const [key, { version, revision }] of state[topic].live)
          stored.set(`${topic}/${key}`, `${version} ${revision}`);
      }
      expect(history).toEqual(stored);
      expect(onTopics).toEqual(stored);
    }),
    { numRuns: 60 },
  );
});
