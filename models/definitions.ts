import { z } from 'zod';
import type { ModelKind } from './model.ts';
import { canonicalJson, versionOf } from './canonical.ts';
import { ruleSchema, withExclude } from './rules.ts';

/** The kinds there are, by name: models/kinds.ts. */
export type KindCatalogue = ReadonlyMap<string, ModelKind<unknown, unknown>>;

/** A value, or every fault of it at once, one line each. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly string[] };

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be lower case letters, digits and -, at most 40');
/** In a file a model's name; in a published context always the exact version. */
const modelReference = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}(@[0-9a-f]{12})?$/, "must be a model's name or name@version");
const config = z.record(z.string(), z.json());
const share = z.number().min(0).max(1);

export const modelSchema = z.strictObject({
  model: name,
  kind: name,
  /** What is learned: versions with equal learning share one fold. */
  learning: config.default({}),
  /** How candidates are found and ranked. */
  retrieval: config.default({}),
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

const repeated = (values: readonly string[]): { value: string; index: number }[] =>
  values
    .map((value, index) => ({ value, index }))
    .filter(({ value, index }) => values.indexOf(value) !== index);

export const contextSchema = z
  .strictObject({
    context: name,
    /** Items in an answer, unless a request asks for fewer. */
    size: z.number().int().min(1).max(200),
    /** A step answers by itself when it has this many items left after rules. */
    atLeast: z.number().int().min(1).max(200).default(1),
    rules: z.array(ruleSchema).max(16).default([]).transform(withExclude),
    ladder: z.array(stepSchema).min(1).max(8),
    /** What the context demands of its models, always watched. */
    expectations: z
      .strictObject({
        predictedShareMin: share.optional(),
        atLeastShareMin: share.optional(),
        emptiedShareMax: share.optional(),
      })
      .default({}),
  })
  .check(({ value, issues }) => {
    if (value.size >= 1 && value.atLeast > value.size)
      issues.push({
        code: 'custom',
        message: `cannot be more than size (${value.size})`,
        path: ['atLeast'],
        input: value.atLeast,
      });
    for (const { value: step, index } of repeated(value.ladder.map(({ step: named }) => named)))
      issues.push({
        code: 'custom',
        message: `'${step}' is there twice`,
        path: ['ladder', index],
        input: step,
      });
  });
export type ContextDefinition = z.infer<typeof contextSchema>;

/** The three expectations, by name. */
export type Expectations = ContextDefinition['expectations'];

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
  if (code !== 'invalid_type') return message.replace(/^(Invalid input|Invalid option): /, '');
  if (message.endsWith('received undefined')) return 'is missing';
  const [, expected, received] = /expected (.+), received (.+)$/.exec(message) ?? [];
  return expected === undefined ? message : `must be ${expected}, not ${received}`;
};

const parseJson = (content: string): Parsed<unknown> => {
  try {
    return { ok: true, value: JSON.parse(content) as unknown };
  } catch (error) {
    return { ok: false, faults: [`is not JSON: ${(error as Error).message}`] };
  }
};

const parse = <T>(schema: z.ZodType<T>, content: string): Parsed<T> => {
  const json = parseJson(content);
  if (!json.ok) return json;
  const result = schema.safeParse(json.value);
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
  const parsed = parse(modelSchema, content);
  if (!parsed.ok) return parsed;
  const kind = kinds.get(parsed.value.kind);
  if (kind === undefined)
    return {
      ok: false,
      faults: [
        `kind: there is no kind '${parsed.value.kind}' (there are ${[...kinds.keys()].join(', ')})`,
      ],
    };
  const learning = kind.learningSchema.safeParse(parsed.value.learning);
  const retrieval = kind.retrievalSchema.safeParse(parsed.value.retrieval);
  if (!learning.success || !retrieval.success)
    return {
      ok: false,
      faults: [
        ...lines(learning.error?.issues ?? [], 'learning'),
        ...lines(retrieval.error?.issues ?? [], 'retrieval'),
      ],
    };
  return {
    ok: true,
    value: {
      ...parsed.value,
      learning: learning.data as ModelDefinition['learning'],
      retrieval: retrieval.data as ModelDefinition['retrieval'],
    },
  };
};

export const parseContext = (content: string): Parsed<ContextDefinition> =>
  parse(contextSchema, content);

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
  const faults: string[] = [];
  const ladder = context.ladder.map((step, index) => {
    const version = step.model.includes('@') ? step.model : versions.get(step.model);
    if (version !== undefined && known.has(version)) return { ...step, model: version };
    faults.push(`ladder.${index}.model: there is no model '${step.model}'`);
    return step;
  });
  return faults.length === 0 ? { ok: true, value: { ...context, ladder } } : { ok: false, faults };
};

/** Every model version that a context's ladder names: what has to be learned and kept ready. */
export const versionsInUse = (contexts: Iterable<ContextDefinition>): ReadonlySet<string> => {
  const versions = new Set<string>();
  for (const { ladder } of contexts) for (const { model } of ladder) versions.add(model);
  return versions;
};
