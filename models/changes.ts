import type { DefinitionRecord } from './catalogue.ts';
import {
  type ContextDefinition,
  contextVersion,
  faultsOfLadder,
  type KindCatalogue,
  type ModelDefinition,
  modelVersion,
  type Parsed,
  parseContext,
  parseModel,
  resolveContext,
  type Version,
} from './definitions.ts';
import { entriesOf, fieldsOf, parseJson } from './raw.ts';
import { faultsOfRules, ruleSchema, type SeenLimits } from './rules.ts';
import { faultsOfTypeWeights } from './type-weights.ts';

/** A definition file as it lies in a folder. */
export interface DefinitionFile {
  readonly name: string;
  readonly text: string;
}

/** What the topics hold: per key the record with the highest revision. */
export interface Published {
  readonly models: ReadonlyMap<string, DefinitionRecord>;
  readonly contexts: ReadonlyMap<string, DefinitionRecord>;
}

/** One record to write. A model's key is its version, a context's its name. */
export interface Change {
  readonly topic: 'models' | 'contexts';
  readonly key: string;
  readonly record: DefinitionRecord;
}

export interface Plan {
  readonly changes: readonly Change[];
  /** Versions that are there already, just so. */
  readonly unchanged: readonly string[];
}

/** What definitions are held against. */
interface Facts {
  readonly kinds: KindCatalogue;
  readonly seen: SeenLimits;
}

interface Read {
  readonly models: Map<string, { file: string; version: Version<ModelDefinition> }>;
  readonly contexts: Map<string, { file: string; definition: ContextDefinition }>;
  /** Contexts with faults: what they name can still be looked up. */
  readonly broken: { readonly file: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly faults: string[];
}

/**
 * What has to be written so that the topics say what the files say; or every fault of every file.
 * Models are immutable: a changed one is a new version, and its predecessor stays. A context's
 * revision rises by one when its content, exact model versions included, is another.
 */
export const planChanges = (
  files: readonly DefinitionFile[],
  published: Published,
  facts: Facts,
): Parsed<Plan> => {
  const { models, contexts, broken, faults } = readFiles(files, facts);
  const versions = new Map([...models].map(([name, { version }]) => [name, version.version]));
  const known = new Set([...published.models.keys(), ...versions.values()]);
  const changes: Change[] = [];
  const unchanged: string[] = [];
  for (const { version } of models.values()) {
    const there = published.models.get(version.version);
    if (there?.content === version.content) unchanged.push(version.version);
    else changes.push(changeTo('models', version.version, { version, there }));
  }
  for (const { file, fields } of broken) {
    const wrong = faultsOfNames(fields, { versions, known, seen: facts.seen });
    faults.push(...wrong.map((fault) => `${file}: ${fault}`));
  }
  for (const { file, definition } of contexts.values()) {
    const resolved = resolveContext(definition, versions, known);
    const wrong = faultsOfRules(definition.rules, facts.seen);
    if (!resolved.ok) wrong.push(...resolved.faults);
    faults.push(...wrong.map((fault) => `${file}: ${fault}`));
    if (!resolved.ok) continue;
    const version = contextVersion(resolved.value);
    const there = published.contexts.get(definition.context);
    if (there?.content === version.content) unchanged.push(version.version);
    else changes.push(changeTo('contexts', definition.context, { version, there }));
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { changes, unchanged } };
};

/** Of a context that has other faults: models that are not there, and rules that ask for too much. */
const faultsOfNames = (
  { ladder, rules }: Readonly<Record<string, unknown>>,
  facts: {
    readonly versions: ReadonlyMap<string, string>;
    readonly known: ReadonlySet<string>;
    readonly seen: SeenLimits;
  },
): string[] => [
  ...faultsOfRules(
    entriesOf(rules).map((rule) => ruleSchema.safeParse(rule).data ?? null),
    facts.seen,
  ),
  ...faultsOfLadder(
    entriesOf(ladder).map((step) => fieldsOf(step)['model']),
    facts.versions,
    facts.known,
  ),
];

const changeTo = (
  topic: Change['topic'],
  key: string,
  of: { readonly version: Version<unknown>; readonly there: DefinitionRecord | undefined },
): Change => ({
  topic,
  key,
  record: {
    name: of.version.name,
    version: of.version.version,
    revision: (of.there?.revision ?? 0) + 1,
    content: of.version.content,
  },
});

const readFiles = (files: readonly DefinitionFile[], facts: Facts): Read => {
  const read: Read = { models: new Map(), contexts: new Map(), broken: [], faults: [] };
  for (const { name: file, text } of files) {
    const faults = readFile(read, { file, text }, facts);
    read.faults.push(...faults.map((fault) => `${file}: ${fault}`));
  }
  return read;
};

/** Puts what a file says where it belongs, if that can be read; returns its faults. */
const readFile = (
  read: Read,
  { file, text }: { file: string; text: string },
  { kinds, seen }: Facts,
): readonly string[] => {
  const what = whatIs(text);
  if (what === 'model') {
    const parsed = parseModel(text, kinds);
    const unknownTypes = faultsOfTypeWeights(JSON.parse(text), seen.kinds);
    if (!parsed.ok) return [...parsed.faults, ...unknownTypes];
    const other = read.models.get(parsed.value.model)?.file;
    if (other !== undefined) return [`model '${parsed.value.model}' is in ${other} too`];
    read.models.set(parsed.value.model, { file, version: modelVersion(parsed.value) });
    return unknownTypes;
  }
  if (what === 'context') {
    const parsed = parseContext(text);
    if (!parsed.ok) {
      read.broken.push({ file, fields: fieldsOf(JSON.parse(text)) });
      return parsed.faults;
    }
    const other = read.contexts.get(parsed.value.context)?.file;
    if (other !== undefined) return [`context '${parsed.value.context}' is in ${other} too`];
    read.contexts.set(parsed.value.context, { file, definition: parsed.value });
    return [];
  }
  return [what];
};

/** 'model', 'context', or why it is neither. */
const whatIs = (text: string): string => {
  const json = parseJson(text);
  if (!json.ok) return json.faults.join('; ');
  const fields = fieldsOf(json.value);
  if ('model' in fields) return 'model';
  if ('context' in fields) return 'context';
  return "is no model (it has no 'model'), context ('context') or experiment ('experiment')";
};
