import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSchemas, recordSchemas } from './check.ts';
import { renderModule } from './render.ts';

interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
}

const id: Field = { name: 'id', type: 'string' };
const count: Field = { name: 'count', type: 'int', default: 0 };
const text = (...fields: Field[]): string =>
  JSON.stringify({ type: 'record', name: 'Thing', fields });

test('what is committed reads all that was published, and is published', () => {
  expect(checkSchemas().filter(({ fault }) => fault !== null)).toEqual([]);
});

describe('a change of a schema', () => {
  let folder = '';
  const root = (): URL => pathToFileURL(`${folder}/`);
  const put = (path: string, content: string): void => writeFileSync(join(folder, path), content);
  const fault = (): string | null | undefined => checkSchemas(root())[0]?.fault;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'schemas-'));
    mkdirSync(join(folder, 'avro'));
    mkdirSync(join(folder, 'history', 'thing'), { recursive: true });
    put('history/thing/1.avsc', text(id));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('a new field with a default is fine once it is recorded', () => {
    put('avro/thing.avsc', text(id, count));
    expect(fault()).toContain('freshet schemas record');
    expect(recordSchemas(root())).toEqual([{ name: 'thing', fault: null, versions: 2 }]);
    expect(fault()).toBeNull();
    expect(recordSchemas(root())).toEqual([]);
  });

  test.for([
    ['a new field without a default', text(id, { name: 'count', type: 'int' })],
    ['another type', text({ name: 'id', type: 'int' })],
    ['a renamed record', text(id).replace('Thing', 'Other')],
    ['no Avro at all', '{"type":"thing"}'],
  ] as const)('%s is found, and not recorded', ([, changed]) => {
    put('avro/thing.avsc', changed);
    expect(fault()).toMatch(/does not (read version 1|parse)/);
    recordSchemas(root());
    expect(fault()).toMatch(/does not (read version 1|parse)/);
  });

  test('the version before the last counts as well', () => {
    put('history/thing/1.avsc', text({ name: 'count', type: 'string' }));
    put('history/thing/2.avsc', text(id));
    put('avro/thing.avsc', text({ ...id, default: '' }, count));
    expect(fault()).toContain('does not read version 1');
  });

  test('a schema that is taken away is missed', () => {
    expect(fault()).toContain('is gone');
  });
});

test('types follow the schema: logical types are numbers, unions and records are named', () => {
  const module = renderModule(
    'some-thing.avsc',
    JSON.stringify({
      type: 'record',
      name: 'Some',
      doc: 'A thing.',
      fields: [
        { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] },
        { name: 'raw', type: { type: 'map', values: ['null', 'bytes'] } },
        {
          name: 'parts',
          type: {
            type: 'array',
            items: { type: 'record', name: 'Part', fields: [{ name: 'n', type: 'float' }] },
          },
        },
      ],
    }),
  );
  expect(module).toContain('/** A thing. */\nexport interface Some {');
  expect(module).toContain('readonly at: null | number;');
  expect(module).toContain('readonly raw: Readonly<Record<string, (null | Buffer)>>;');
  expect(module).toContain('readonly parts: readonly Part[];');
  expect(module).toContain('export interface Part {\nreadonly n: number;\n}');
  expect(module).toContain('export const someThingSchema = ');
});
