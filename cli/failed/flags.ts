import { type Command, InvalidArgumentError } from 'commander';

import { now } from '../../lib/clock.ts';
import { isoTime } from '../data/fields.ts';
import { fullId, type Selection } from './entries.ts';
import type { Fix } from './fix.ts';
import type { State } from './outcomes.ts';

export interface SelectionFlags {
  readonly reason?: string;
  readonly stage?: string;
  readonly producer?: string;
  readonly since?: number;
  readonly json?: boolean;
}

export const withSelection = (command: Command): Command =>
  command
    .option('--reason <word>', 'only those that failed for this reason')
    .option('--stage <service>', 'only those that this service refused')
    .option('--producer <name>', 'only those of this producer, as `list` names it')
    .option('--since <time>', 'only records since then: 2026-11-24T04:00:00Z, or 2h ago', sinceOf);

export const selectionOf = (
  ids: readonly string[],
  { reason, stage, producer, since }: SelectionFlags,
  { prefix, states }: { readonly prefix: string; readonly states: readonly State[] },
): Selection => ({
  ids: ids.map((id) => fullId(id, prefix)),
  reason,
  stage,
  producer,
  sinceMs: since,
  states,
});

/** Whether anything at all was said about which events are meant. */
export const isSaid = (
  ids: readonly string[],
  { reason, stage, producer, since }: SelectionFlags,
): boolean => ids.length > 0 || [reason, stage, producer, since].some((one) => one !== undefined);

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function sinceOf(text: string): number {
  const [, digits, unit] = /^(\d{1,5})([mhd])( ago)?$/.exec(text) ?? [];
  if (digits !== undefined) return now() - Number(digits) * unitsMs[unit as keyof typeof unitsMs];
  if (isoTime.test(text)) return Date.parse(text);
  throw new InvalidArgumentError('must be like 2026-11-24T04:00:00Z, or 30m, 2h, 1d.');
}

export function whole(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new InvalidArgumentError('must be a whole number above 0.');
  return Number(text);
}

/** A change on the command line: the same as in a file. */
export interface FixFlags {
  readonly as?: string;
  readonly partial?: boolean;
  readonly rename?: Pairs;
  readonly drop?: readonly string[];
  readonly times?: Pairs;
  readonly default?: Pairs;
  readonly set?: Pairs;
}

type Pairs = Readonly<Record<string, string>>;

export const withFix = (command: Command): Command =>
  command
    .option('--as <form>', 'what the bytes are: json, schema:ID, bare:ID (no header), version:N')
    .option('--partial', 'take what comes before the place where reading ends')
    .option('--rename <from=to>', 'may be given again, as all of these', addPair)
    .option('--drop <field>', 'leave a field out', addText)
    .option('--times <field=number>', 'multiply: occurred_at=1000 makes milliseconds', addPair)
    .option('--default <field=value>', 'where the field is absent or empty', addPair)
    .option('--set <field=value>', 'whatever is there', addPair);

/** Null: no change was given. */
export function fixGiven(flags: FixFlags): unknown {
  const { as, partial, rename, drop, times, default: defaults, set } = flags;
  const given = {
    as,
    partial,
    rename,
    drop,
    times: times === undefined ? undefined : mapped(times, Number),
    default: defaults === undefined ? undefined : mapped(defaults, valueOf),
    set: set === undefined ? undefined : mapped(set, valueOf),
  } satisfies { readonly [Name in keyof Fix]: unknown };
  const entries = Object.entries(given).filter(([, one]) => one !== undefined);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

const mapped = <T>(pairs: Pairs, of: (text: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(pairs).map(([name, text]) => [name, of(text)]));

/** Text, which becomes what the field is; only nothing has no other way to be said. */
const valueOf = (text: string): string | null => (text === 'null' ? null : text);

function addPair(text: string, before: Pairs = {}): Pairs {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError("must be name=value, for instance 'type=purchase'.");
  return Object.fromEntries([...Object.entries(before), [text.slice(0, at), text.slice(at + 1)]]);
}

const addText = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];
