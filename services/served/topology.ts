import { byteRows, type Fold, gone } from '../../lib/stream/topology.ts';
import { lastServedMs, servedLayout } from '../../schemas/packed/served.ts';
import { type ExposureInput, exposuresInput } from '../../topics/exposures-input.ts';
import type { ValueDecoder } from '../../topics/placed-input.ts';
import { exposureKinds } from '../../topics/reserved-types.ts';
import { noteShown } from './served.ts';

export interface ServedOptions {
  /** Full name of the topic `exposures`. */
  readonly topic: string;
  /** What serving names its positions by. */
  readonly lineage: string;
  /** What ingest names its positions there by. */
  readonly beside: string;
  readonly decoder: ValueDecoder<ExposureInput>;
  readonly answersMax: number;
  /** A user counts as unknown after this long without an answer. */
  readonly horizonMs: number;
}

const contextsMax = 8;

export function servedFold(options: ServedOptions): Fold<ExposureInput, Buffer> {
  const { answersMax, horizonMs } = options;
  const limits = { answersMax, contextsMax };
  return {
    name: 'served',
    code: 'v',
    revision: 2,
    layout: servedLayout,
    config: limits,
    family: 'user',
    input: exposuresInput(options),
    rows: byteRows,
    shared: null,
    cacheBytesMax: 0,
    emission: null,
    horizon: { ms: horizonMs, lastMs: lastServedMs, unitMs: atMsOf },
    fold: (row, { input }) => {
      if (input.kind !== exposureKinds.answer) return gone;
      // Experiments have exposures without items: nothing was shown.
      if (input.items.length === 0) return null;
      const items = input.items.map(({ item_id }) => item_id);
      const shown = { context: input.context_id, items, atMs: atMsOf(input) };
      return noteShown(row, { ...shown, isNextPage: input.page > 0 }, limits);
    },
  };
}

const atMsOf = ({ served_at: atMs }: ExposureInput): number => Math.max(0, atMs);
