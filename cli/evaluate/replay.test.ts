import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { ReferenceMethods } from '../../bench/quality/reference/methods.ts';
import { referenceSettings } from '../../bench/quality/reference/settings.ts';
import { kinds } from '../../models/kinds.ts';
import type { ModelKind, PersonalRetrieval, Profile } from '../../models/model.ts';
import { Engine, type Moment } from './engine.ts';
import { EngineParticipant } from './engine-participant.ts';
import { type EventTable, EventTableBuilder } from './event-table.ts';
import { eventsOf, modelOf, settings } from './fixtures.ts';
import { planTests } from './protocol.ts';
import { type Participant, replay, type Tested } from './replay.ts';

const tableOf = (count: number): EventTable => {
  const builder = new EventTableBuilder();
  for (const event of eventsOf(count, 3)) builder.add(event);
  return builder.table('made up');
};

type Make = (table: EventTable) => Participant;
const choice = { from: { share: 0.5 }, sample: null };

const testsOf = (table: EventTable, make: Make): Tested[] => {
  const tests: Tested[] = [];
  const steps = replay(table, planTests(table, choice), {
    participants: [make(table)],
    onTest: (tested) => tests.push({ ...tested, had: new Set(tested.had) }),
    onEvent: () => undefined,
  });
  for (const _ of steps);
  return tests;
};

/** The same events at the same times, but from `first` on everybody takes one and the same item. */
const planted = (table: EventTable, first: number): EventTable => {
  const item = table.item.slice();
  item.fill(table.item[0] as number, first);
  return { ...table, item };
};

/** Lists made before an event must not change with that event or with what comes after it. */
const looksAhead = (make: Make): boolean => {
  const table = tableOf(260);
  const before = testsOf(table, make);
  return [180, 230].some((first) => {
    const made = testsOf(planted(table, first), make);
    const known = table.atMs[first] as number;
    const early = before.filter(({ atMs }) => atMs < known);
    expect(early.length).toBeGreaterThan(10);
    // The list for the first event that differs is made before it, too.
    const count = before.findIndex(({ atMs }) => atMs >= known) + 1;
    return (
      JSON.stringify(made.slice(0, count).map(({ lists }) => lists)) !==
      JSON.stringify(before.slice(0, count).map(({ lists }) => lists))
    );
  });
};

const engine =
  (moment: Moment): Make =>
  (table) => {
    const definitions = [...kinds.keys()].map((kind) => modelOf(kind));
    const made = new Engine({ definitions, kinds, settings, items: null, keepsSeen: false });
    return new EngineParticipant(made, table, {
      moment,
      excludesSeen: false,
      length: 20,
      contexts: [],
    });
  };

/** A kind of model that was given the table: it lists what its user takes next. */
const cheatingKind = (table: EventTable): ModelKind<unknown, unknown> => {
  const next = ({ userId, atMs }: Profile): number =>
    table.atMs.findIndex(
      (time, at) => time >= atMs && table.userIds[table.user[at] as number] === userId,
    );
  const retrieval: PersonalRetrieval = {
    shared: false,
    sources: [],
    needsItems: false,
    trainer: null,
    wants: () => [],
    figures: () => [],
    rank: (profile) => {
      const itemId = table.itemIds[table.item[next(profile)] as number];
      return itemId === undefined ? [] : [{ itemId, score: 1 }];
    },
    explain: null,
  };
  return {
    kind: 'cheat',
    revision: 1,
    source: 'the future',
    learningSchema: z.unknown(),
    retrievalSchema: z.unknown(),
    userSide: null,
    itemSide: () => {
      throw new Error('it learns nothing');
    },
    weights: null,
    retrieval: () => retrieval,
  };
};

const cheatingModel: Make = (table) => {
  const kind = cheatingKind(table);
  const made = new Engine({
    definitions: [{ ...modelOf('trending'), kind: 'cheat' }],
    kinds: new Map([['cheat', kind]]),
    settings,
    items: null,
    keepsSeen: false,
  });
  const choices = { moment: 'request', excludesSeen: false, length: 20, contexts: [] } as const;
  return new EngineParticipant(made, table, choices);
};

const reference: Make = (table) =>
  new ReferenceMethods(referenceSettings('users', false), table.itemIds.length);

/** Lists what the table says comes next: the cheat that no participant is given the means for. */
const cheat: Make = (table) => {
  let at = 0;
  return {
    names: ['cheat'],
    predict: () => [[table.item[at] as number]],
    learn: () => void (at += 1),
  };
};

describe('a replay', () => {
  test.each([
    ['all kinds of model, at the next event', engine('request')],
    ['all kinds of model, ahead', engine('ahead')],
    ['the reference methods', reference],
  ])(
    'shows nobody the future: %s',
    (_, make) => {
      expect(looksAhead(make)).toBe(false);
    },
    60_000,
  );

  test('catches who was shown it: a participant, or a kind of model', () => {
    expect(looksAhead(cheat)).toBe(true);
    expect(looksAhead(cheatingModel)).toBe(true);
  });

  test('makes the same lists again', () => {
    const table = tableOf(150);
    for (const make of [engine('request'), engine('ahead')])
      expect(testsOf(table, make)).toEqual(testsOf(table, make));
  }, 60_000);

  test('tests events of users with a history, and says what they had', () => {
    const tests = testsOf(tableOf(500), cheat);
    expect(tests.length).toBeGreaterThan(100);
    for (const { history, had, isRepeat, item } of tests) {
      expect(history).toBeGreaterThan(0);
      expect(isRepeat).toBe(had.has(item));
      expect(had.size).toBeLessThanOrEqual(history);
    }
  });
});
