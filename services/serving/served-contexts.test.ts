import { expect, test } from 'vitest';

import type { Known } from '../../models/catalogue.ts';
import { type ContextDefinition, parseContext } from '../../models/definitions.ts';
import type { NeedsFacts } from './rule-needs.ts';
import { ServedContexts } from './served-contexts.ts';

const known = (
  context: string,
  revision: number,
  ...rules: readonly object[]
): [string, Known<ContextDefinition>] => {
  const ladder = [{ step: 'a', model: 'm@0123456789ab' }];
  const parsed = parseContext(JSON.stringify({ context, size: 4, ladder, rules }));
  if (!parsed.ok) throw new Error(parsed.faults.join());
  return [context, { version: `${context}@${revision}`, revision, definition: parsed.value }];
};
const facts = (folds: readonly string[], attributes: readonly string[] = []): NeedsFacts => ({
  isFolded: (fold) => folds.includes(fold),
  knowsAttributes: (names) => names.every((name) => attributes.includes(name)),
});
const versions = ({ all }: ServedContexts): string[] => [...all.values()].map((one) => one.version);

const notServed = { rule: 'not-served', answers: 1 };
const notOwn = { rule: 'not-own', attribute: 'seller' };

test('a version whose rules cannot be judged yet waits, and holds up no other', () => {
  const contexts = new ServedContexts();
  contexts.follow(new Map([known('home', 1), known('shelf', 1)]), facts([]));
  expect(versions(contexts)).toEqual(['home@1', 'shelf@1']);
  const newer = new Map([known('home', 2, notServed), known('shelf', 2), known('new', 1, notOwn)]);
  contexts.follow(newer, facts([]));
  expect(versions(contexts)).toEqual(['home@1', 'shelf@2']);
  expect([...contexts.waiting]).toEqual([
    ['home', expect.stringContaining('`npx freshet run served`')],
    ['new', 'reading attributes of items: seller'],
  ]);
  contexts.follow(newer, facts(['served'], ['seller']));
  expect(versions(contexts)).toEqual(['home@2', 'shelf@2', 'new@1']);
  expect(contexts.waiting.size).toBe(0);
});

test('what answered once stays when something goes away: its requests wait', () => {
  const contexts = new ServedContexts();
  const home = new Map([known('home', 1, notServed)]);
  contexts.follow(home, facts(['served']));
  contexts.follow(home, facts([]));
  expect([versions(contexts), contexts.waiting.size]).toEqual([['home@1'], 0]);
});

test('what was retired is not answered any more', () => {
  const contexts = new ServedContexts();
  contexts.follow(new Map([known('home', 1)]), facts([]));
  contexts.follow(new Map(), facts([]));
  expect(versions(contexts)).toEqual([]);
});

test('why a version waits is told once, and again when it waits for something else', () => {
  const contexts = new ServedContexts();
  const home = new Map([known('home', 1, notServed, notOwn)]);
  contexts.follow(home, facts([]));
  expect([...contexts.untold().keys()]).toEqual(['home']);
  contexts.follow(home, facts([]));
  expect(contexts.untold().size).toBe(0);
  contexts.follow(home, facts(['served']));
  expect([...contexts.untold().values()]).toEqual(['reading attributes of items: seller']);
  contexts.follow(home, facts(['served'], ['seller']));
  expect(contexts.untold().size).toBe(0);
});
