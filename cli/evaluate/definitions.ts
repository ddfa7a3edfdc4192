import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectDir } from '../../lib/config/state-file.ts';
import { messageOf, UserError } from '../../lib/errors.ts';
import {
  type ContextDefinition,
  type ModelDefinition,
  type Parsed,
  parseContext,
  parseModel,
} from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';

/** A file, or the name of one of the project's definitions. */
const textOf = (given: string): { readonly path: string; readonly text: string } => {
  const shipped = join(projectDir, 'definitions', `${given}.json`);
  const path = !existsSync(given) && existsSync(shipped) ? shipped : given;
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new UserError(
      `${given} is neither a file nor the name of one of definitions/: ${messageOf(error)}`,
    );
  }
};

const checked = <T>(path: string, parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value;
  throw new UserError(parsed.faults.map((fault) => `${path}: ${fault}`).join('\n'));
};

export const readModel = (given: string): ModelDefinition => {
  const { path, text } = textOf(given);
  return checked(path, parseModel(text, kinds));
};

export const readContext = (given: string): ContextDefinition => {
  const { path, text } = textOf(given);
  return checked(path, parseContext(text));
};

/** The models given, and those that ladders name besides: from definitions/, by name. */
export const withLadders = (
  models: readonly ModelDefinition[],
  contexts: readonly ContextDefinition[],
): ModelDefinition[] => {
  const all = [...models];
  for (const { ladder } of contexts)
    for (const { model } of ladder) {
      const name = model.split('@')[0] ?? model;
      if (!all.some((one) => one.model === name)) all.push(readModel(name));
    }
  return all;
};
