import type { KindCatalogue } from '../../models/definitions.ts';
import type { SeenLimits } from '../../models/rules.ts';
import type { Change, ControlState } from './state.ts';

/** What commands are judged by that is no part of what is published. */
export interface ControlSettings extends SeenLimits {
  /** As `judgement.ts` numbers them; left out: the first. */
  readonly judgement?: number | undefined;
}

/** What commands are held against, beside what is published. */
export interface Facts {
  /** Of this release. */
  readonly kinds: KindCatalogue;
  /** As the state has them; its own where no command has said them yet. */
  readonly seen: ControlSettings;
}

/** Where and when a command is judged. Nothing that judges changes the state. */
export interface Case {
  readonly state: ControlState;
  readonly facts: Facts;
  /** When the broker appended the command. */
  readonly atMs: number;
}

export interface Outcome {
  readonly accepted: boolean;
  /** What happened; or why not, and what to do instead. */
  readonly sentence: string;
  /** Empty where refused. */
  readonly changes: readonly Change[];
  readonly details: Readonly<Record<string, unknown>>;
  /** From the next command on. */
  readonly settings?: ControlSettings;
}

export const accepted = (
  sentence: string,
  changes: readonly Change[],
  details: Outcome['details'] = {},
): Outcome => ({ accepted: true, sentence, changes, details });

export const refused = (sentence: string, details: Outcome['details'] = {}): Outcome => ({
  accepted: false,
  sentence,
  changes: [],
  details,
});

const faultsMax = 100;
const faultLengthMax = 500;

/** One sentence for any number of faults; all of them (up to a bound) are in the details. */
export const refusedFor = (faults: readonly string[]): Outcome => {
  const cut = faults.slice(0, faultsMax).map((fault) => fault.slice(0, faultLengthMax));
  const [first = 'it has faults'] = cut;
  const sentence =
    faults.length === 1
      ? `nothing was changed: ${first}`
      : `nothing was changed: there are ${faults.length} faults to correct, the first is ${first}`;
  return refused(sentence, { faults: cut });
};

export const quoted = (names: readonly string[]): string =>
  names.map((one) => `'${one}'`).join(', ');

const namesSaidMax = 10;

/** The first few of what there is, for a sentence. */
export const someOf = (names: readonly string[]): string => firstOf(names.map((one) => `'${one}'`));

export const firstOf = (said: readonly string[]): string => {
  if (said.length === 0) return 'none';
  const more = said.length - namesSaidMax;
  return `${said.slice(0, namesSaidMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

export const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;
