import { z } from 'zod';

import { UserError } from '../errors.ts';

/** The environment as a plain object; an empty variable counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads settings from the environment, once, at the start. All faults are listed together, each
 * with the variable's name, and the process does not start.
 */
export function parseEnvironment<T>(schema: z.ZodType<T>, environment: Environment): T {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  throw new UserError(`wrong configuration: ${faults.join('; ')}`);
}

/** A whole number within bounds, as environment variables hold it. */
export const whole = (min: number, max: number) => {
  const error = `takes a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int(error).min(min, error).max(max, error);
};

/** A list with commas, each part once. */
export const list = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine((parts) => parts.every((part) => part !== ''), 'has an empty part')
  .refine((parts) => new Set(parts).size === parts.length, 'names something twice');

/** One of a few words. */
export const oneOf = <const T extends readonly string[]>(words: T) =>
  z.enum(words, { error: `takes one of ${words.join(', ')}` });
