import type { DefinitionRecord, Taken } from '../models/catalogue.ts';
import { isInRanges, bucketOf, isHeldOut, variantOf } from './assignment.ts';
import { type ExperimentDefinition, type ExperimentRecord, parseRecord } from './definition.ts';

interface KnownExperiment {
  readonly revision: number;
  readonly record: ExperimentRecord;
}

/** What an experiment says of a user's request. */
export interface Assigned {
  readonly experiment: string;
  readonly variant: string;
  /** In place of the model of this step of the ladder; null: the context's own. */
  readonly replaces: { readonly step: string; readonly model: string } | null;
  readonly creditMs: number;
  /** Types of interaction that the outcome is made of. */
  readonly outcomeKinds: readonly string[];
}

/** The name under which the users of a layer's holdout are counted: no experiment can have it. */
export const holdoutOf = (layer: string): string => `holdout:${layer}`;

/** Experiments as their topic has them: per name the highest revision, as for models and contexts. */
export class Experiments {
  readonly #known = new Map<string, KnownExperiment>();
  #running = new Map<string, readonly ExperimentRecord[]>();

  get all(): ReadonlyMap<string, KnownExperiment> {
    return this.#known;
  }

  take(key: string, given: DefinitionRecord | null): Taken {
    if (given === null) {
      if (!this.#known.delete(key)) return { kind: 'outdated' };
    } else {
      if ((this.#known.get(key)?.revision ?? 0) >= given.revision) return { kind: 'outdated' };
      const parsed = parseRecord(given.content);
      if (!parsed.ok) return { kind: 'unusable', faults: parsed.faults };
      this.#known.set(key, { revision: given.revision, record: parsed.value });
    }
    const running = [...this.#known.values()].flatMap(({ record }) =>
      record.state === 'running' ? [record] : [],
    );
    this.#running = Map.groupBy(running, ({ definition }) => definition.context);
    return { kind: 'changed' };
  }

  /**
   * Exact versions that experiments name until they are decided: they are learned and kept ready.
   * Of one that is stopped the winner may be promoted, and would have to learn everything anew.
   */
  versionsInUse(): ReadonlySet<string> {
    return new Set(
      [...this.#known.values()].flatMap(({ record: { state, definition } }) =>
        state === 'decided' ? [] : definition.variants.map(({ model }) => model),
      ),
    );
  }

  running(context: string): readonly ExperimentRecord[] {
    return this.#running.get(context) ?? none;
  }

  /** Null: the user takes part in none, and is in no holdout. */
  assign(context: string, userId: string, atMs: number): Assigned | null {
    const running = this.#running.get(context);
    if (running === undefined) return null;
    // Those of one context are all of one layer: the control plane sees to it.
    const bucket = bucketOf(running[0]?.definition.layer ?? '', userId);
    for (const record of running) {
      const { definition, salt } = record;
      if (salt === null || !isWithin(definition, atMs)) continue;
      const creditMs = creditMsOf(definition);
      const outcomeKinds = definition.outcome.kinds;
      if (isHeldOut(bucket, definition.holdout)) {
        const experiment = holdoutOf(definition.layer);
        return { experiment, variant: 'holdout', replaces: null, creditMs, outcomeKinds };
      }
      if (!isInRanges(bucket, record.ranges)) continue;
      const variant = variantOf(salt, userId, definition.variants);
      if (record.stops.some((stop) => stop.variant === variant)) return null;
      const model = definition.variants.find((one) => one.variant === variant)?.model;
      if (model === undefined || definition.step === undefined) return null;
      const replaces = { step: definition.step, model };
      return { experiment: definition.experiment, variant, replaces, creditMs, outcomeKinds };
    }
    return null;
  }
}

const none: readonly ExperimentRecord[] = [];

/** Hours may have fractions; what is written with an exposure is whole. */
const creditMsOf = ({ outcome }: ExperimentDefinition): number =>
  Math.max(1, Math.round(outcome.withinHours * 3_600_000));

const isWithin = ({ startsAt, endsAt }: ExperimentRecord['definition'], atMs: number): boolean =>
  (startsAt === undefined || Date.parse(startsAt) <= atMs) &&
  (endsAt === undefined || atMs < Date.parse(endsAt));
