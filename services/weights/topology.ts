import { byteRows, type Decoded, type Fold, type Unit } from '../../lib/stream/topology.ts';
import type { WeightsSide } from '../../models/model.ts';
import type { TrainingExample, TrainingPack } from '../../schemas/generated/training-pack.ts';
import { preparedBy, type ValueDecoder } from '../../topics/placed-input.ts';

export interface WeightsOptions {
  /** Full name of the topic `training-examples`. */
  readonly topic: string;
  /** Lineage of the candidates generation whose examples count. */
  readonly lineage: string;
  readonly decoder: ValueDecoder<TrainingPack>;
  /** All kinds, by name. */
  readonly kinds: ReadonlyMap<string, { readonly weights: WeightsSide | null }>;
}

/** Of the row around the bytes, which are the kind's own: there is nothing around them. */
const layout = 1;

/**
 * The weights that model kinds learn online, one row per name. Examples are no pure output of
 * `candidates`: of several at one position the first on the topic counts, by the marks.
 */
export function weightsFold(options: WeightsOptions): Fold<TrainingExample, Buffer> {
  const { topic, lineage, decoder } = options;
  const sides = new Map<string, WeightsSide>();
  for (const [kind, { weights }] of options.kinds) if (weights !== null) sides.set(kind, weights);
  return {
    name: 'weights',
    code: 'w',
    revision: 1,
    layout,
    config: {
      kinds: Object.fromEntries([...sides].map(([kind, { revision }]) => [kind, revision])),
    },
    family: 'item',
    input: {
      topic,
      lineage,
      ...preparedBy(decoder),
      decode: ({ value }) => {
        const decoded = decoder.decode(value);
        if (decoded.ok) return unitsOf(decoded.value);
        return { verdict: { kind: 'reject', reason: decoded.reason, detail: decoded.detail } };
      },
    },
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    horizon: null,
    fold(row, { input }, context) {
      const side = sides.get(input.kind);
      if (side === undefined) {
        context.skip('unknown_kind');
        return null;
      }
      const next = side.learn(row ?? null, input.example);
      if (next === null) context.skip('teaches_nothing');
      return next;
    },
  };
}

function unitsOf(pack: TrainingPack): Decoded<TrainingExample> {
  const { lineage, source_partition: partition } = pack;
  const units = pack.examples.map((example): Unit<TrainingExample> => {
    const position = { lineage, partition, offset: example.offset };
    return { input: example, key: example.weights, position };
  });
  return { verdict: { kind: 'accept' }, units };
}
