import type { Type } from 'avsc';
import { monotonicMs } from '../clock.ts';
import { headerBytes, openReader, parseSchema, type Reader } from './reader.ts';
import type { RegistryPort } from './registry.ts';
import type { WalkFault } from './walk.ts';

export type FailReason =
  | 'empty_value'
  | 'too_short'
  | 'bad_magic'
  | 'unknown_schema'
  | 'trailing_bytes'
  | 'unsafe_schema'
  | 'too_large'
  | WalkFault;

export type DecodeResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: FailReason; readonly detail: string };

export interface TopicDecoderOptions {
  readonly registry: RegistryPort;
  /** Only schemas registered under it are read with: an id comes from whoever wrote the record. */
  readonly subject: string;
  /** The schema that values are read as. */
  readonly schema: object;
  readonly valueBytesMax: number;
  /** Waits between asking again for an id that a registry did not know: it may lag behind. */
  readonly graceMs?: readonly number[];
  /** For how long an unknown id is not asked for again. */
  readonly unknownMsMax?: number;
}

/** `elsewhere`: the registry knows it, and not under this topic's subject. */
interface Unknown {
  readonly kind: 'unknown';
  readonly elsewhere: boolean;
}
type Known = Reader | (Unknown & { readonly untilMs: number });

const idMax = 0x7fffffff;
/** Ids remembered per topic: far more than anybody registers, far less than 2^31. */
const knownMax = 10_000;
/** Questions to the registry at once. */
const askedAtOnceMax = 8;
const graceMsDefault = [100, 300];
const unknownMsMaxDefault = 30_000;

const details: Readonly<Record<WalkFault | 'trailing_bytes', string>> = {
  truncated: 'the value ends before its schema does',
  trailing_bytes: 'bytes are left after the value',
  number_out_of_range: 'a whole number is beyond what its field can hold (long: 2^52 - 1)',
  undecodable: 'the bytes are no value of their schema, or text in them is not UTF-8',
};

const failed = (reason: FailReason, detail: string): DecodeResult<never> => ({
  ok: false,
  reason,
  detail,
});

/**
 * Decodes the values of one topic. `prepare` may ask the registry, `decode` never does: it is
 * synchronous, does not throw, and what it says of bytes that are no value never holds their
 * content.
 */
export class TopicDecoder<T> {
  readonly #options: TopicDecoderOptions;
  readonly #type: Type;
  readonly #known = new Map<number, Known>();
  #isOpen = false;

  constructor(options: TopicDecoderOptions) {
    this.#options = options;
    this.#type = parseSchema(options.schema);
  }

  /**
   * Learns the newest schema of the subject, which writers use most likely, before any value needs
   * it: a registry in trouble may also say that it does not know an id, and is believed. Throws
   * RetryableError when the registry is away.
   */
  async open(): Promise<void> {
    if (this.#isOpen) return;
    const { registry, subject } = this.#options;
    const newest = await registry.newestOf(subject);
    if (newest === null) return;
    this.#remember(newest.id, openReader(newest.schema, this.#type));
    this.#isOpen = true;
  }

  /** Fetches what the values need. Throws RetryableError when the registry is away. */
  async prepare(values: Iterable<Buffer | null>): Promise<void> {
    const wanted = new Set<number>();
    let last = -1;
    for (const value of values) {
      const id = schemaIdOf(value);
      if (id === last || id === null || id === 0 || id > idMax) continue;
      last = id;
      const known = this.#known.get(id);
      if (known?.kind === 'unknown' ? known.untilMs <= monotonicMs() : known === undefined) {
        wanted.add(id);
      }
    }
    if (wanted.size > 0) await this.#learn(wanted);
  }

  decode(value: Buffer | null): DecodeResult<T> {
    if (value === null || value.length === 0) return failed('empty_value', 'there is no value');
    const { valueBytesMax } = this.#options;
    if (value.length > valueBytesMax) {
      return failed('too_large', `${value.length} bytes; at most ${valueBytesMax}`);
    }
    if (value[0] !== 0) {
      return value.length < headerBytes
        ? failed('too_short', `${value.length} bytes; the header alone has ${headerBytes}`)
        : failed('bad_magic', 'the first byte is not 0: no Avro with a schema id');
    }
    const id = schemaIdOf(value);
    if (id === null) {
      return failed('too_short', `${value.length} bytes; the header alone has ${headerBytes}`);
    }
    const known = this.#known.get(id);
    if (known?.kind === 'ready') return this.#read(known, value);
    if (known?.kind === 'refused') {
      return failed(known.reason, `schema id ${id}: ${known.detail}`);
    }
    const { subject } = this.#options;
    return known?.elsewhere === true
      ? failed('unknown_schema', `schema id ${id} is registered, but not under ${subject}`)
      : failed('unknown_schema', `schema id ${id} is not one of ${subject}`);
  }

  #read(reader: Extract<Reader, { kind: 'ready' }>, value: Buffer): DecodeResult<T> {
    const fault = reader.fault(value, headerBytes);
    if (fault !== null) return failed(fault, details[fault]);
    try {
      return { ok: true, value: reader.read(value) as T };
    } catch {
      return failed('undecodable', details.undecodable);
    }
  }

  /** Asks for all ids, and after short waits again for those that nobody knows (yet). */
  async #learn(ids: ReadonlySet<number>): Promise<void> {
    let missing = await this.#ask(ids);
    for (const waitMs of this.#options.graceMs ?? graceMsDefault) {
      if (missing.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, waitMs);
      await promise;
      missing = await this.#ask(missing.keys());
    }
    const untilMs = monotonicMs() + (this.#options.unknownMsMax ?? unknownMsMaxDefault);
    for (const [id, unknown] of missing) this.#remember(id, { ...unknown, untilMs });
  }

  /** The ids that are (still) not known. */
  async #ask(ids: Iterable<number>): Promise<ReadonlyMap<number, Unknown>> {
    const missing = new Map<number, Unknown>();
    const left = [...ids];
    const worker = async (): Promise<void> => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        const found = await this.#fetch(id);
        if (found.kind === 'unknown') missing.set(id, found);
        else this.#remember(id, found);
      }
    };
    await Promise.all(Array.from({ length: Math.min(askedAtOnceMax, left.length) }, worker));
    return missing;
  }

  async #fetch(id: number): Promise<Reader | Unknown> {
    const { registry, subject } = this.#options;
    const text = await registry.schemaOf(id);
    if (text === null) return { kind: 'unknown', elsewhere: false };
    // Compiled only once it is allowed here: an id comes from whoever wrote the record.
    const isOwn = (await registry.idOf(subject, text)) !== null;
    return isOwn ? openReader(text, this.#type) : { kind: 'unknown', elsewhere: true };
  }

  #remember(id: number, known: Known): void {
    this.#known.delete(id);
    if (this.#known.size >= knownMax) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(id, known);
  }
}

/** Null where the value has no header. */
function schemaIdOf(value: Buffer | null): number | null {
  if (value === null || value.length < headerBytes || value[0] !== 0) return null;
  return value.readUInt32BE(1);
}
