import type { Type } from 'avsc';
import { RefusedError } from '../errors.ts';
import { headerBytes, parseSchema } from './reader.ts';
import type { RegistryPort } from './registry.ts';

const scratchBytes = 64 * 1024;

/**
 * Encodes values with the id that their schema has under the subject. Services never register:
 * where the schema is missing, they stop and say who does.
 */
export async function openEncoder<T>(
  registry: RegistryPort,
  subject: string,
  schema: object,
): Promise<(value: T) => Buffer> {
  const id = await registry.idOf(subject, JSON.stringify(schema));
  if (id === null) {
    throw new RefusedError(
      `the schema registry does not have our schema under ${subject}: run \`npx freshet schemas apply\``,
    );
  }
  return encoderFor(schema, id);
}

/** The encoder for a schema whose id is known. */
export function encoderFor<T>(schema: object, id: number): (value: T) => Buffer {
  const type = parseSchema(schema);
  let scratch = Buffer.alloc(scratchBytes);
  scratch.writeUInt32BE(id, 1);
  return (value) => {
    let end = encode(type, value, scratch);
    if (end < 0) {
      scratch = Buffer.alloc(scratch.length - end);
      scratch.writeUInt32BE(id, 1);
      end = encode(type, value, scratch);
    }
    return Buffer.from(scratch.subarray(0, end));
  };
}

function encode(type: Type, value: unknown, target: Buffer): number {
  try {
    return type.encode(value, target, headerBytes);
  } catch {
    // The library's own message holds the value, which may be personal.
    throw new TypeError(`not a ${type.name ?? 'value'}: ${invalidPaths(type, value).join(', ')}`);
  }
}

function invalidPaths(type: Type, value: unknown): string[] {
  const paths = new Set<string>();
  type.isValid(value, {
    errorHook: (path: readonly string[], _: unknown, wanted: Type) => {
      const name = path[0] ?? 'the whole';
      paths.add(`${name} is no ${wanted.typeName}`);
    },
  });
  return [...paths];
}
