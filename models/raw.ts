/** The fields of what should be an object; of anything else none. */
export const fieldsOf = (raw: unknown): Readonly<Record<string, unknown>> =>
  isObject(raw) ? raw : {};

/** The entries of what should be a list; of anything else none. */
export const entriesOf = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw : []);

/** A part that may be left out, if it has the right shape: its own schema says what is in it. */
export const isPart = (raw: unknown): boolean => raw === undefined || isObject(raw);

const isObject = (raw: unknown): raw is Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);
