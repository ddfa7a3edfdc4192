import { expect, test } from 'vitest';

import { createLogger } from './log.ts';

test('a log names an error, and shows nothing that a client has hung on it', () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ name: 'freshet', stream });
  const command = { name: 'hello', args: ['3', 'AUTH', 'ingest', 'hidden'] };
  const reply = Object.assign(new Error('WRONGPASS'), { command, code: 'EAUTH' });
  const error = new Error('Redis: WRONGPASS', { cause: reply });
  log.fatal({ err: reply }, 'first');
  log.fatal({ error, password: 'hidden', redis: { password: 'hidden' } }, 'second');
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first?.['err']).toMatchObject({ type: 'Error', message: 'WRONGPASS', code: 'EAUTH' });
  expect(second?.['error']).toMatchObject({ message: 'Redis: WRONGPASS: WRONGPASS' });
  expect(lines.join('')).not.toContain('hidden');
});
