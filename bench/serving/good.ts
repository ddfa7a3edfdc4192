import { UserError } from '../../lib/errors.ts';
import type { Parsed } from '../../models/definitions.ts';

/** Of what a benchmark wrote itself. */
export const good = <T>(parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value;
  throw new UserError(parsed.faults.join('; '));
};
