import { z } from 'zod';

import type { ModelDefinition } from '../../models/definitions.ts';
import { type Json, type Parameter, valueIn } from './parameter.ts';

export interface KindSchemas {
  readonly learningSchema: z.ZodType;
  readonly retrievalSchema: z.ZodType;
}

/** What JSON Schema says of a field, as far as a range can be made of it. */
interface Field {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly Field[];
}

/** Lists are compared at a few items, so how many more are held ready makes no difference. */
const withoutEffect: ReadonlySet<string> = new Set(['retrieval.depth']);
/** A range this wide, in factors, is cut to `around` times the definition's own value each way. */
const wide = 100;
const around = 10;

/** Every field of the kind that is bounded, around what the definition says. */
export const derivedSpace = (
  definition: ModelDefinition,
  { learningSchema, retrievalSchema }: KindSchemas,
): readonly Parameter[] => {
  const parts = [
    ['learning', learningSchema],
    ['retrieval', retrievalSchema],
  ] as const;
  return parts.flatMap(([part, schema]) =>
    Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
      const path = `${part}.${name}`;
      if (withoutEffect.has(path)) return [];
      return parameterOf(path, field, valueIn(definition, path)) ?? [];
    }),
  );
};

const fieldsOf = (schema: z.ZodType): Readonly<Record<string, Field>> => {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return (json.properties ?? {}) as Readonly<Record<string, Field>>;
};

const parameterOf = (path: string, field: Field, own: Json | undefined): Parameter | null => {
  const { anyOf } = field;
  if (field.enum !== undefined) return field.enum.length > 1 ? { path, values: field.enum } : null;
  if (field.type === 'boolean') return { path, values: [false, true] };
  const numeric = [field, ...(anyOf ?? [])].find(
    ({ type }) => type === 'number' || type === 'integer',
  );
  const { minimum, maximum } = numeric ?? {};
  if (numeric === undefined || minimum === undefined || maximum === undefined) return null;
  if (minimum >= maximum) return null;
  const orNull = anyOf?.some(({ type }) => type === 'null') ?? false;
  const step = numeric.multipleOf ?? (numeric.type === 'integer' ? 1 : null);
  const isWide = minimum >= 0 && maximum >= wide * Math.max(minimum, step ?? 0.01);
  if (!isWide) return { path, min: minimum, max: maximum, scale: 'linear', step, orNull };
  const { min, max } = near({ minimum, maximum }, own);
  return { path, min, max, scale: 'log', step, orNull };
};

const near = (
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  own: Json | undefined,
): { min: number; max: number } => {
  if (typeof own !== 'number' || own <= 0) return { min: minimum, max: maximum };
  const min = minimum === 0 ? 0 : Math.max(minimum, own / around);
  return { min, max: Math.min(maximum, own * around) };
};
