import { z } from 'zod';

/** The fields of what should be an object; of anything else none. */
export const fieldsOf = (raw: unknown): Readonly<Record<string, unknown>> =>
  isObject(raw) ? raw : {};

/** The entries of what should be a list; of anything else none. */
export const entriesOf = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw : []);

/** A part that may be left out, if it has the right shape: its own schema says what is in it. */
export const isPart = (raw: unknown): boolean => raw === undefined || isObject(raw);

const isObject = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

/**
 * A part of a definition whose own kind says what may be in it. It comes from JSON, so its values
 * are not walked through as `z.json()` does, which is most of what reading a model costs.
 */
export const partSchema = z.record(z.string(), z.unknown() as z.ZodType<z.core.util.JSONType>);

/** Definitions need 6; whatever walks through one with a function of its own may rely on this. */
const depthMax = 32;

/** JSON as it is given from outside: a few kilobytes of brackets must not exhaust the stack. */
export const parseJson = (
  text: string,
):
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly faults: readonly string[];
      /** Whether a fault repeats some of the text. */
      readonly quotes: boolean;
    } => {
  if (text.startsWith('\uFEFF'))
    return {
      ok: false,
      faults: ['begins with a byte order mark: save it without one'],
      quotes: false,
    };
  try {
    const value: unknown = JSON.parse(text);
    if (isWithinDepth(value)) return { ok: true, value };
    const fault = `has lists or objects in one another more than ${depthMax} deep: make it flatter`;
    return { ok: false, faults: [fault], quotes: false };
  } catch (error) {
    return { ok: false, faults: [`is not JSON: ${(error as Error).message}`], quotes: true };
  }
};

const isWithinDepth = (value: unknown, depth = depthMax): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.values(value).every((one) => isWithinDepth(one, depth - 1)));
