import { Command } from 'commander';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { serviceNames } from '../cli/host/services.ts';
import { projectDir } from '../lib/config/state-file.ts';
import { metricDeclarations } from '../lib/telemetry/names.ts';

const folder = join(projectDir, 'runbooks');
const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');
const books = names.map((name) => ({ name, text: textOf(name) }));

const headings = ['Meaning', 'Impact', 'Diagnosis', 'Mitigation'];

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
}

/** The command as a user has it, with every subcommand. */
async function freshet(): Promise<Command> {
  const program = new Command('freshet');
  const commands = join(projectDir, 'cli/commands');
  for (const file of readdirSync(commands)) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const module = (await import(join(commands, file))) as Record<string, unknown>;
    for (const [name, register] of Object.entries(module))
      if (name.startsWith('register')) (register as (to: Command) => void)(program);
  }
  return program;
}

/** What a text tells people to type: from `freshet` to the end of the command. */
const typedIn = (text: string): string[][] =>
  [...text.matchAll(/\bnpx freshet ([^\n`|&#)"]*)/g)].map(([, rest = '']) =>
    rest.trim().split(/\s+/),
  );

/** What is wrong with a command; null: nothing. */
function wrongWith(program: Command, words: readonly string[]): string | null {
  let command = program;
  const rest = [...words];
  while (command.commands.length > 0) {
    const name = rest.shift() ?? '';
    const next = command.commands.find((one) => one.name() === name);
    if (next === undefined) return `there is no ${command.name()} '${name}'`;
    command = next;
  }
  const options = command.options.flatMap(({ short, long }) => [short, long]);
  const unknown = rest.find((word) => /^--?[a-z]/.test(word) && !options.includes(word));
  if (unknown !== undefined) return `${command.name()} has no option ${unknown}`;
  const [service] = rest.filter((word) => !word.startsWith('-'));
  const takesService = ['run', 'reset'].includes(command.name()) && service !== undefined;
  // `X` stands for any of them.
  return !takesService || serviceNames.includes(service) || service === 'X'
    ? null
    : `there is no service ${service}`;
}

describe('runbooks', () => {
  test('there is one for every alert, under its name, and none for an alert that is not', () => {
    const file = join(projectDir, 'deploy/prometheus/alerts.yaml');
    const { groups } = parse(readFileSync(file, 'utf8')) as Rules;
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => `${alert}.md`));
    const named = names.filter((name) => name.startsWith('Freshet'));
    expect(named.toSorted()).toEqual(alerts.toSorted());
  });

  test.each(books)('$name has a title and the same four headings', ({ name, text }) => {
    const found = [...text.matchAll(/^(#+) (.+)$/gm)].filter(([, level]) => level !== '#');
    expect(found.map(([, level, heading]) => `${level} ${heading}`)).toEqual(
      headings.map((heading) => `## ${heading}`),
    );
    expect(text.startsWith(name.startsWith('Freshet') ? `# ${name.slice(0, -3)}\n` : '# ')).toBe(
      true,
    );
  });

  test('every command in them exists, with its options and services', async () => {
    const program = await freshet();
    const wrong = books.flatMap(({ name, text }) =>
      typedIn(text).flatMap((words) => {
        const fault = wrongWith(program, words);
        return fault === null ? [] : [`${name}: freshet ${words.join(' ')}: ${fault}`];
      }),
    );
    expect(wrong).toEqual([]);
    expect(books.filter(({ text }) => typedIn(text).length === 0)).toEqual([]);
  });

  test('a wrong command is seen', async () => {
    const program = await freshet();
    const fault = (text: string): string | null => wrongWith(program, typedIn(text)[0] ?? []);
    expect(fault('`npx freshet lags`')).toContain("'lags'");
    expect(fault('npx freshet topics undo')).toContain("'undo'");
    expect(fault('npx freshet lag --seconds')).toContain('--seconds');
    expect(fault('npx freshet run seen --bootstrap')).toContain('seen');
    expect(fault('npx freshet run seen-items --bootstrap')).toBeNull();
  });

  test('every metric and every file that they name is there', () => {
    const declared = Object.keys(metricDeclarations);
    for (const { name, text } of books) {
      for (const [metric] of text.matchAll(/\bfreshet_[a-z_]+(?=[{ `])/g)) {
        const bare = metric.replace(/_(sum|count|bucket)$/, '');
        expect(declared.includes(metric) || declared.includes(bare), `${name}: ${metric}`).toBe(
          true,
        );
      }
      for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)\)/g))
        expect(existsSync(join(folder, target)), `${name}: ${target}`).toBe(true);
      for (const [, path = ''] of text.matchAll(/`((?:services|deploy|test)\/[\w./-]+)`/g))
        expect(existsSync(join(projectDir, path)), `${name}: ${path}`).toBe(true);
    }
  });
});
