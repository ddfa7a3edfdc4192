import { secondsOf } from '../../schemas/packed/bytes.ts';
import {
  attributeBytesMax,
  type StoredAttribute,
  storedAttributes,
} from '../../schemas/packed/user-features.ts';

/** What one interaction says of its user. */
interface Said {
  readonly given: Readonly<Record<string, string>>;
  readonly atMs: number;
}

/**
 * The attributes that are kept of a user, each with the value of the newest interaction that gave
 * one by event time; of one second, the later in the log. A value that is empty or too long is none.
 */
export function noteAttributes(
  row: Buffer | undefined,
  { given, atMs }: Said,
  names: readonly string[],
): readonly StoredAttribute[] {
  const stored = row === undefined ? [] : storedAttributes(row);
  const at = secondsOf(atMs);
  return names.flatMap((name, index): StoredAttribute[] => {
    const known = stored.find((one) => one.name === index);
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const bytes = value === undefined || value === '' ? null : Buffer.from(value);
    const isNews =
      bytes !== null &&
      bytes.length <= attributeBytesMax &&
      (known === undefined || known.at <= at);
    if (isNews) return [{ name: index, at, value: bytes }];
    return known === undefined ? [] : [known];
  });
}
