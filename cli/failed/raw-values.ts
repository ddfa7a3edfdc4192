import { openOwnShape, type OwnShapeReader } from '../../lib/avro/own-shape.ts';
import { headerBytes } from '../../lib/avro/reader.ts';
import { openRegistry, type RegistryPort, schemaOfVersion } from '../../lib/avro/registry.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import { isPart, parseJson } from '../../models/raw.ts';
import { type Fields, FixFault } from './fix.ts';

/** What a value is, as far as it can be read. */
export interface Opened {
  readonly how: string;
  /** Null: nothing of it. */
  readonly fields: Fields | null;
  /** Null: all of it was read. Never holds a value. */
  readonly fault: string | null;
}

const nothing = (how: string, fault: string): Opened => ({ how, fields: null, fault });

export interface Schemas {
  readonly registry: Pick<RegistryPort, 'schemaOf'>;
  readonly ofVersion: (subject: string, version: number) => Promise<string | null>;
}

/** Reads the raw bytes of failed events by any schema that the registry knows, or as JSON. */
export class RawValues {
  readonly #schemas: Schemas;
  readonly #readers = new Map<string, OwnShapeReader | null>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  static of({ registry }: CommonConfig): RawValues {
    return new RawValues({
      registry: openRegistry(registry),
      ofVersion: (subject, version) => schemaOfVersion(registry, subject, version),
    });
  }

  /** `as`: what the bytes really are, as a fix says it; left out: what they say themselves. */
  async open(value: Buffer | null, topic: string, as?: string): Promise<Opened> {
    if (value === null || value.length === 0) return nothing('nothing', 'there is no value');
    const [form = '', number = ''] = as?.split(':') ?? [];
    if (form === 'json') return openJson(value);
    if (form === 'schema') return this.#read(value, `schema id ${number}`, headerBytes);
    if (form === 'bare') return this.#read(value, `schema id ${number}`, 0);
    if (form === 'version')
      return this.#read(value, `version ${number} of ${topic}-value`, headerBytes);
    if (value[0] !== 0 || value.length < headerBytes) return openUnnamed(value);
    return this.#read(value, `schema id ${value.readUInt32BE(1)}`, headerBytes);
  }

  async #read(value: Buffer, how: string, at: number): Promise<Opened> {
    const reader = await this.#readerOf(how);
    if (reader === null) return nothing(how, 'the registry knows no such Avro schema');
    if (reader.kind === 'refused') return nothing(how, reader.detail);
    const { fields, fault } = reader.read(value, at);
    if (fault === null) return { how, fields, fault: null };
    const where = fault.field === null ? '' : `${fault.field}: `;
    return { how, fields, fault: `${where}${fault.reason}` };
  }

  async #readerOf(how: string): Promise<OwnShapeReader | null> {
    const known = this.#readers.get(how);
    if (known !== undefined) return known;
    const [, id, version, subject = ''] =
      /^schema id (\d+)$|^version (\d+) of (.*)$/.exec(how) ?? [];
    const text =
      id === undefined
        ? await this.#schemas.ofVersion(subject, Number(version))
        : await this.#schemas.registry.schemaOf(Number(id));
    const reader = text === null ? null : openOwnShape(text);
    this.#readers.set(how, reader);
    return reader;
  }
}

/** Without a schema id: people often send JSON. */
function openUnnamed(value: Buffer): Opened {
  const json = openJson(value);
  const isJson = json.fields !== null || value[0] === 0x7b;
  return isJson ? json : nothing('bytes', 'there is no schema id in front');
}

function openJson(value: Buffer): Opened {
  const json = parseJson(value.toString('utf8'));
  if (!json.ok && !json.quotes) return nothing('JSON', json.faults.join('; '));
  // What else is wrong is not repeated: the parser's own message quotes what it was given.
  if (!json.ok || !isPart(json.value)) return nothing('JSON', 'the bytes are no JSON object');
  return { how: 'JSON', fields: json.value as Fields, fault: null };
}

/** What a fix goes on with; where it must not, it says how it could. */
export function usable({ how, fields, fault }: Opened, isPartial: boolean): Fields {
  if (fields === null) throw new FixFault(`read as ${how}: ${fault}`);
  if (fault !== null && !isPartial)
    throw new FixFault(`read as ${how}: ${fault}; --partial goes on with what comes before it`);
  return fields;
}
