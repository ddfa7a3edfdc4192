import { z } from 'zod';

import { name, type Parsed, parseDefinition } from '../../models/definitions.ts';

/** Of a body in UTF-8: what it becomes must fit into one record of a topic. */
export const bodyBytesMax = 512 * 1024;
/** Of one `apply`. */
export const definitionsMax = 2_000;
/** Keys of one `definitions.restate`, and characters of each; what control publishes has far fewer. */
export const restatedMax = 100;
export const keyLengthMax = 255;
/** Well below what a reader's longs hold. */
export const revisionMax = 2 ** 51;

/** Stands in the history. */
const sentence = z.string().trim().min(1, 'must not be empty').max(1_000);
const version = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,39}@[0-9a-f]{12}$/,
    'must be an exact version: name@ and 12 hex digits',
  );

const count = z.number().int().min(0);

const bodies = {
  apply: z.strictObject({
    /** The JSON of each definition, by itself or with the name of the file that it is from. */
    definitions: z
      .array(z.union([z.string(), z.strictObject({ name: z.string().max(255), text: z.string() })]))
      .min(1)
      .max(definitionsMax),
    dryRun: z.boolean().default(false),
  }),
  'context.retire': z.strictObject({ context: name }),
  'model.delete': z.strictObject({ version }),
  /** The definition as JSON, or as the text of it. */
  'experiment.create': z.strictObject({
    definition: z.union([z.string(), z.record(z.string(), z.json())]),
  }),
  'experiment.start': z.strictObject({ experiment: name }),
  'experiment.stop': z.strictObject({
    experiment: name,
    variant: name.optional(),
    why: sentence,
    confirmedBy: z.literal('guardrail').optional(),
  }),
  'experiment.decide': z.strictObject({
    experiment: name,
    winner: name.nullable(),
    sentence,
    promote: z.boolean().default(false),
  }),
  'experiment.delete': z.strictObject({ experiment: name }),
  /** For the history: a receipt of `freshet forget`, without the user's id. */
  'user.forgotten': z.strictObject({
    /** SHA-256 of a salt, that only the printed receipt has, and the id. */
    user: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
    event: z.string().max(64),
    removed: z
      .array(z.strictObject({ fold: z.string().max(100), keys: count, bytes: count }))
      .max(1_000),
    left: count,
  }),
  /** From each `control` that starts: what its settings let contexts ask for. */
  'settings.change': z.strictObject({
    daysMax: count,
    kinds: z.array(z.string().max(255)).max(1_000),
    profileAttributes: z.array(z.string().max(255)).max(1_000).default([]),
    servedAnswersMax: count.default(0),
    /** Which of the release's judgements count; left out: those of the first. */
    judgement: count.min(1).optional(),
  }),
  /** From `control` itself: records that stand on its topics and that no command has made. */
  'definitions.restate': z.strictObject({
    standing: z
      .array(
        z.strictObject({
          topic: z.enum(['models', 'experiments', 'contexts']),
          key: z.string().max(keyLengthMax),
          /** Readers pass over what is not above it. */
          revision: count.max(revisionMax),
          version: z.string().max(255),
        }),
      )
      .min(1)
      .max(restatedMax)
      .refine(
        (all) => new Set(all.map(({ topic, key }) => `${topic}/${key}`)).size === all.length,
        'must name each key once',
      ),
  }),
} as const;

export type CommandKind = keyof typeof bodies;
export type Body<K extends CommandKind> = z.infer<(typeof bodies)[K]>;
/** A command whose body has the right form. */
export type KnownCommand = {
  [K in CommandKind]: { readonly kind: K; readonly body: Body<K> };
}[CommandKind];

export const commandKinds = Object.keys(bodies) as readonly CommandKind[];

const isKind = (kind: string): kind is CommandKind => Object.hasOwn(bodies, kind);

/** The command, or every fault of it. */
export const parseCommand = (kind: string, body: string): Parsed<KnownCommand> => {
  if (!isKind(kind)) {
    const fault = `there is no command '${kind.slice(0, 64)}' (there are ${commandKinds.join(', ')})`;
    return { ok: false, faults: [fault] };
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > bodyBytesMax) return { ok: false, faults: [tooLarge(bytes)] };
  const schema: z.ZodType<unknown> = bodies[kind];
  const parsed = parseDefinition(schema, body, () => []);
  return parsed.ok
    ? { ok: true, value: { kind, body: parsed.value } as KnownCommand }
    : { ok: false, faults: parsed.faults.map((fault) => `${kind}: ${fault}`) };
};

export const tooLarge = (bytes: number): string =>
  `the command has ${bytes} bytes and at most ${bodyBytesMax} are taken: send its definitions in ` +
  'several commands, or make them smaller';
