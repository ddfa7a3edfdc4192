import { z } from 'zod';
import type { ModelKind } from './model.ts';
import { canonicalJson, versionOf } from './canonical.ts';
import { entriesOf, fieldsOf, isPart, parseJson, partSchema } from './raw.ts';
import { rulesSchema } from './rules.ts';

/** The kinds there are, by name: models/kinds.ts. */
export type KindCatalogue = ReadonlyMap<string, ModelKind<unknown, unknown>>;

/** A value, or every fault of it at once, one line each. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly string[] };

export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be lower case letters, digits and -, at most 40');
/** In a file a model's name; in a published context always the exact version. */
export const modelReference = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}(@[0-9a-f]{12})?$/, "must be a model's name or name@version");
const share = z.number().min(0).max(1);

export const modelSchema = z.strictObject({
  model: name,
  kind: name,
  /** What is learned: versions with equal learning share one fold. */
  learning: partSchema.default({}),
  /** How candidates are found and ranked. */
  retrieval: partSchema.default({}),
  /** A user whose list is older than this is computed again. */
  candidatesAgeMsMax: z.number().int().min(1_000).max(31_536_000_000).default(86_400_000),
});
export type ModelDefinition = z.infer<typeof modelSchema>;

export const stepSchema = z.strictObject({
  step: name,
  model: modelReference,
  /** Only items of this category; null: all. Joined here: no fold reads item data. */
  category: z.string().min(1).max(200).nullable().default(null),
});
export type LadderStep = z.infer<typeof stepSchema>;

/** Limits of shares, and of 95th percentiles: a few answers may always be slow, or old. */
const expectation = {
  /** Of the answers: those whose first item came from the first step of the ladder. */
  predictedShareMin: share.optional(),
  /** With at least as many items as the context demands. */
  atLeastShareMin: share.optional(),
  /** Left without an item by the rules, though there were candidates. */
  emptiedShareMax: share.optional(),
  /** Age of the newest interaction behind the candidates, for 95 in 100 answers. */
  newestAgeSecondsMax: z.number().gt(0).max(315_360_000).optional(),
  /** From the request until its items were chosen, for 95 in 100 answers. */
  answerMsMax: z.number().gt(0).max(600_000).optional(),
};
const perModelMax = 32;

export const expectationsSchema = z.strictObject({
  ...expectation,
  /** By a model's name: limits that take the place of the context's own for it. */
  perModel: z
    .record(name, z.strictObject(expectation))
    .refine((limits) => Object.keys(limits).length <= perModelMax, `must be at most ${perModelMax}`)
    .optional(),
});

export const contextSchema = z.strictObject({
  context: name,
  /** Items in an answer, unless a request asks for fewer. */
  size: z.number().int().min(1).max(200),
  /** A step answers by itself when it has this many items left after rules. */
  atLeast: z.number().int().min(1).max(200).default(1),
  rules: rulesSchema,
  ladder: z.array(stepSchema).min(1).max(8),
  /** Whether an answer says how to ask for more of its list. Left out: no. */
  pages: z.boolean().optional(),
  /** What the context demands of its models, always watched. */
  expectations: expectationsSchema.default({}),
});
export type ContextDefinition = z.infer<typeof contextSchema>;

export type Expectations = ContextDefinition['expectations'];
export type ExpectationName = keyof typeof expectation;
export const expectationNames = Object.keys(expectation) as readonly ExpectationName[];
export type ExpectationLimits = Readonly<Partial<Record<ExpectationName, number | undefined>>>;

/** What is demanded of one model version in a context. */
export const limitsFor = (expectations: Expectations, version: string): ExpectationLimits => {
  const { perModel, ...own } = expectations;
  return { ...own, ...perModel?.[version.replace(/@.*$/, '')] };
};

const lines = (issues: readonly z.core.$ZodIssue[], prefix = ''): string[] =>
  issues.flatMap((issue) => {
    const where = [prefix, ...issue.path.map(String)].filter((part) => part !== '');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${[...where, key].join('.')}: there is no such field`);
    const said = inWords(issue);
    return where.length === 0 ? said : `${where.join('.')}: ${said}`;
  });

/** The library's own words speak of its inputs: 'expected array, received undefined'. */
const inWords = ({ code, message }: z.core.$ZodIssue): string => {
  if (message === 'Invalid input: expected int, received number') return 'must be a whole number';
  if (code !== 'invalid_type') return message.replace(/^(Invalid input|Invalid option): /, '');
  if (message.endsWith('received undefined')) return 'is missing';
  const [, expected, received] = /expected (.+), received (.+)$/.exec(message) ?? [];
  return expected === undefined ? message : `must be ${expected}, not ${received}`;
};

const parse = <T>(schema: z.ZodType<T>, json: unknown): Parsed<T> => {
  const result = schema.safeParse(json);
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, faults: withFields(schema, lines(result.error.issues)) };
};

/** Says which fields there are where one is named that there is not. */
const withFields = (schema: z.ZodType, faults: readonly string[]): string[] =>
  faults.map((fault) =>
    schema instanceof z.ZodObject && /^[^.]+: there is no such field$/.test(fault)
      ? `${fault} (there are ${Object.keys(schema.shape).join(', ')})`
      : fault,
  );

/**
 * A model from its JSON, with the configuration of its kind checked by the kind and filled with
 * its defaults, so that a published version does not change its meaning when a default does.
 */
export const parseModel = (content: string, kinds: KindCatalogue): Parsed<ModelDefinition> => {
  const json = parseJson(content);
  if (!json.ok) return json;
  const parsed = parse(modelSchema, json.value);
  const ofKind = parseParts(fieldsOf(json.value), kinds);
  if (parsed.ok && ofKind.ok) return { ok: true, value: { ...parsed.value, ...ofKind.value } };
  return { ok: false, faults: [...faultsOf(parsed), ...faultsOf(ofKind)] };
};

const faultsOf = (parsed: Parsed<unknown>): readonly string[] => (parsed.ok ? [] : parsed.faults);

/** What a kind says of its parts, from what was written: also where other fields are wrong. */
const parseParts = (
  { kind: named, ...parts }: Readonly<Record<string, unknown>>,
  kinds: KindCatalogue,
): Parsed<Pick<ModelDefinition, 'learning' | 'retrieval'>> => {
  // What is no name at all has its fault already.
  if (!name.safeParse(named).success) return { ok: false, faults: [] };
  const kind = kinds.get(String(named));
  if (kind === undefined) {
    const there = [...kinds.keys()].join(', ');
    return {
      ok: false,
      faults: [`kind: there is no kind '${String(named)}' (there are ${there})`],
    };
  }
  const part = (field: 'learning' | 'retrieval'): Parsed<ModelDefinition['learning']> => {
    if (!isPart(parts[field])) return { ok: false, faults: [] };
    const { data, error } = kind[`${field}Schema`].safeParse(parts[field] ?? {});
    return error === undefined
      ? { ok: true, value: data as ModelDefinition['learning'] }
      : { ok: false, faults: lines(error.issues, field) };
  };
  const [learning, retrieval] = [part('learning'), part('retrieval')];
  return learning.ok && retrieval.ok
    ? { ok: true, value: { learning: learning.value, retrieval: retrieval.value } }
    : { ok: false, faults: [...faultsOf(learning), ...faultsOf(retrieval)] };
};

/** Any definition from its JSON; `between`: faults of one field beside another. */
export const parseDefinition = <T>(
  schema: z.ZodType<T>,
  content: string,
  between: (value: T) => readonly string[],
): Parsed<T> => {
  const json = parseJson(content);
  if (!json.ok) return json;
  const parsed = parse(schema, json.value);
  if (!parsed.ok) return parsed;
  const faults = between(parsed.value);
  return faults.length === 0 ? parsed : { ok: false, faults };
};

export const parseContext = (content: string): Parsed<ContextDefinition> => {
  const json = parseJson(content);
  if (!json.ok) return json;
  const parsed = parse(contextSchema, json.value);
  const between = faultsBetween(fieldsOf(json.value));
  return between.length === 0 ? parsed : { ok: false, faults: [...faultsOf(parsed), ...between] };
};

/** Faults of one field beside another, from what was written: also where a third one is wrong. */
const faultsBetween = ({
  size,
  atLeast,
  ladder,
}: Readonly<Record<string, unknown>>): readonly string[] => {
  const steps = entriesOf(ladder).map((step) => fieldsOf(step)['step']);
  return [
    ...(typeof size === 'number' && size >= 1 && typeof atLeast === 'number' && atLeast > size
      ? [`atLeast: cannot be more than size (${size})`]
      : []),
    ...steps.flatMap((step, index) =>
      typeof step === 'string' && steps.indexOf(step) < index
        ? [`ladder.${index}: '${step}' is there twice`]
        : [],
    ),
  ];
};

/** A definition with its name and content as they are published. */
export interface Version<T> {
  readonly name: string;
  readonly version: string;
  readonly content: string;
  readonly definition: T;
}

export const modelVersion = (definition: ModelDefinition): Version<ModelDefinition> => ({
  name: definition.model,
  version: versionOf(definition.model, definition),
  content: canonicalJson(definition),
  definition,
});

export const contextVersion = (definition: ContextDefinition): Version<ContextDefinition> => ({
  name: definition.context,
  version: versionOf(definition.context, definition),
  content: canonicalJson(definition),
  definition,
});

/**
 * The context with every model of its ladder named by exact version.
 * `versions`: newest version by model name; `known`: every version that is there.
 */
export const resolveContext = (
  context: ContextDefinition,
  versions: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): Parsed<ContextDefinition> => {
  const faults = faultsOfLadder(
    context.ladder.map(({ model }) => model),
    versions,
    known,
  );
  if (faults.length > 0) return { ok: false, faults };
  const ladder = context.ladder.map((step) => ({
    ...step,
    model: exactVersion(step.model, versions) ?? step.model,
  }));
  return { ok: true, value: { ...context, ladder } };
};

/** The models of a ladder that are not there. What is no name at all has its fault already. */
export const faultsOfLadder = (
  ladder: readonly unknown[],
  versions: ReadonlyMap<string, string>,
  known: ReadonlySet<string>,
): string[] =>
  ladder.flatMap((model, index) => {
    const named = modelReference.safeParse(model).data;
    if (named === undefined || known.has(exactVersion(named, versions) ?? '')) return [];
    return [`ladder.${index}.model: there is no model '${named}'${cureFor(named, known)}`];
  });

/** A bare name is one of the files: which published version it may mean is not for us to guess. */
const cureFor = (named: string, known: ReadonlySet<string>): string => {
  const [name = ''] = named.split('@');
  const last = [...known].findLast((version) => version.startsWith(`${name}@`));
  const byName = last === undefined ? '' : `name a published version, such as '${last}', or `;
  return `: ${byName}put its file into the folder`;
};

const exactVersion = (named: string, versions: ReadonlyMap<string, string>): string | undefined =>
  named.includes('@') ? named : versions.get(named);

/** Every model version that a context's ladder names: what has to be learned and kept ready. */
export const versionsInUse = (contexts: Iterable<ContextDefinition>): ReadonlySet<string> => {
  const versions = new Set<string>();
  for (const { ladder } of contexts) for (const { model } of ladder) versions.add(model);
  return versions;
};
