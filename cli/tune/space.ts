import { readFileSync } from 'node:fs';
import { z } from 'zod';

import { messageOf, UserError } from '../../lib/errors.ts';
import type { ModelDefinition } from '../../models/definitions.ts';
import { derivedSpace, type KindSchemas } from './derived-space.ts';
import type { Parameter } from './parameter.ts';

const path = z.string().regex(/^(learning|retrieval)(\.[\w-]+)+$/, {
  error: 'must be learning. or retrieval. and the name of a field',
});
const range = z
  .strictObject({
    min: z.number(),
    max: z.number(),
    scale: z.enum(['linear', 'log']).default('linear'),
    step: z.number().positive().nullable().default(null),
    orNull: z.boolean().default(false),
  })
  .refine(({ min, max }) => min < max, { error: 'min must be below max' })
  .refine(({ min, scale }) => scale === 'linear' || min >= 0, {
    error: 'a log scale has no numbers below 0',
  });
const choice = z.strictObject({ values: z.array(z.json()).min(2).max(100) });
const spaceSchema = z
  .record(path, z.union([range, choice]))
  .refine((space) => Object.keys(space).length > 0, { error: 'names no field' });

/** The ranges of a file, checked, or those that the kind allows around the definition's values. */
export const spaceOf = (
  definition: ModelDefinition,
  given: { readonly file: string | undefined; readonly kind: KindSchemas },
): readonly Parameter[] => {
  const { file } = given;
  if (file !== undefined) return parseSpace(file, textOf(file));
  const space = derivedSpace(definition, given.kind);
  if (space.length > 0) return space;
  throw new UserError(`models of kind '${definition.kind}' have no bounded fields: give --space`);
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${messageOf(error)}`);
  }
};

/** Of a key the library says only that it is invalid. */
const said = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;

export const parseSpace = (file: string, text: string): readonly Parameter[] => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${messageOf(error)}`);
  }
  const parsed = spaceSchema.safeParse(json);
  if (!parsed.success)
    throw new UserError(
      parsed.error.issues
        .map((issue) => [file, issue.path.join(': '), said(issue)].filter(Boolean).join(': '))
        .join('\n'),
    );
  return Object.entries(parsed.data).map(([at, one]): Parameter => ({ path: at, ...one }));
};
