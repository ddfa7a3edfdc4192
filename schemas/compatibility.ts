/** Whether a schema reads what older versions of it wrote. Pure. */
import avsc from 'avsc';

export interface Version {
  readonly number: number;
  readonly text: string;
}

/** The same content, whatever the spacing. */
export const sameSchema = (one: string, other: string): boolean =>
  JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));

/**
 * BACKWARD_TRANSITIVE: logs are kept without limit, so the newest schema must read every version
 * that was ever published, not only the last. Null when it does.
 */
export function incompatibility(current: string, history: readonly Version[]): string | null {
  let reader: avsc.Type;
  try {
    reader = parse(current);
  } catch (error) {
    return `does not parse: ${(error as Error).message}`;
  }
  for (const { number, text } of history) {
    try {
      reader.createResolver(parse(text));
    } catch (error) {
      return `does not read version ${number}: ${(error as Error).message.slice(0, 300)}`;
    }
  }
  return null;
}

const parse = (text: string): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(text) as avsc.Schema, { wrapUnions: 'never' });
