import { draftOf, experimentVersion, parseExperiment } from '../../experiments/definition.ts';
import { openEncoder } from '../../lib/avro/encoder.ts';
import { monotonicMs } from '../../lib/clock.ts';
import { openOutbox } from '../../lib/kafka/outbox.ts';
import type { OutMessage } from '../../lib/stream/topology.ts';
import {
  contextVersion,
  modelVersion,
  parseContext,
  parseModel,
} from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { type Definition, definitionSchema } from '../../schemas/generated/definition.ts';
import { contexts } from '../../topics/contexts.ts';
import { experiments } from '../../topics/experiments.ts';
import { models } from '../../topics/models.ts';
import { type Topic, topicName } from '../../topics/topic.ts';
import { type Bed, openBed } from '../bed.ts';
import { cpuSeconds, residentMb } from '../cpu.ts';
import { median } from '../median.ts';
import { startServiceProcess } from '../service-process.ts';
import { round } from '../stages.ts';
import { type AnswerCost, measureAnswerCost } from './answer-cost.ts';
import { good } from './good.ts';

export interface ServingDefinitionsResult extends AnswerCost {
  readonly contexts: number;
  readonly model_versions: number;
  readonly experiments: number;
  /** With the shipped definitions alone, and with all of these: the median of the starts. */
  readonly few_ready_ms: number;
  readonly many_ready_ms: number;
  readonly added_ready_ms: number;
  readonly few_rss_mb: number;
  readonly many_rss_mb: number;
  readonly added_rss_mb: number;
  /** CPU of one core while nobody asks: pointers of what is in use are read each second. */
  readonly few_idle_cpu_percent: number;
  readonly many_idle_cpu_percent: number;
}

const contextsCount = 100;
const stepsPerContext = 8;
const experimentsCount = 100;
/** Every version is in use: by a ladder, or by a draft of an experiment. */
const versionsCount = contextsCount * stepsPerContext + 2 * experimentsCount;
/** How many different things are learned; versions differ in how they rank. */
const learningsCount = 10;
const settleMs = 5_000;

export async function benchServingDefinitions(options: {
  readonly starts: number;
  readonly say: (line: string) => void;
}): Promise<ServingDefinitionsResult> {
  const { say, starts } = options;
  say('assignment and rules, in memory');
  const cost = await measureAnswerCost(200);
  const bed = await openBed({ aof: false, say });
  try {
    // Serving waits until somebody keeps what users have seen.
    const folds = await startServiceProcess(bed, { run: ['ingest', 'seen-items'] });
    say('serving with the shipped definitions');
    const few = await startsOf(bed, starts);
    await publishMany(bed);
    say(`serving with ${contextsCount} contexts and ${versionsCount} model versions more`);
    const many = await startsOf(bed, starts);
    await folds.stop();
    return {
      ...cost,
      contexts: contextsCount,
      model_versions: versionsCount,
      experiments: experimentsCount,
      few_ready_ms: round(few.readyMs),
      many_ready_ms: round(many.readyMs),
      added_ready_ms: round(many.readyMs - few.readyMs),
      few_rss_mb: round(few.rssMb),
      many_rss_mb: round(many.rssMb),
      added_rss_mb: round(many.rssMb - few.rssMb),
      few_idle_cpu_percent: round(few.idlePercent),
      many_idle_cpu_percent: round(many.idlePercent),
    };
  } finally {
    await bed.close();
  }
}

interface Start {
  readonly readyMs: number;
  readonly rssMb: number;
  readonly idlePercent: number;
}

async function startsOf(bed: Bed, count: number): Promise<Start> {
  const all: Start[] = [];
  for (let n = 0; n < count; n++) {
    const sinceMs = monotonicMs();
    const serving = await startServiceProcess(bed, { run: ['serving'] });
    const readyMs = monotonicMs() - sinceMs;
    const readyCpu = cpuSeconds(serving.pid);
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const idlePercent = ((cpuSeconds(serving.pid) - readyCpu) * 100_000) / settleMs;
    all.push({ readyMs, rssMb: residentMb(serving.pid).now, idlePercent });
    await serving.stop();
  }
  const middle = (of: (start: Start) => number): number => median(all.map(of));
  return {
    readyMs: middle(({ readyMs }) => readyMs),
    rssMb: middle(({ rssMb }) => rssMb),
    idlePercent: middle(({ idlePercent }) => idlePercent),
  };
}

interface Published {
  readonly topic: Topic;
  readonly key: string;
  readonly name: string;
  readonly version: string;
  readonly content: string;
}

async function publishMany(bed: Bed): Promise<void> {
  const { config, registry } = bed;
  const outbox = await openOutbox(config.kafka);
  try {
    const messages: OutMessage[] = [];
    for (const { topic: of, key, name, version, content } of manyDefinitions()) {
      const topic = topicName(config.prefix, of);
      const encode = await openEncoder<Definition>(registry, `${topic}-value`, definitionSchema);
      messages.push({ topic, key, value: encode({ name, version, revision: 1, content }) });
    }
    await outbox.send(messages);
  } finally {
    await outbox.close();
  }
}

/** Half blends, half co-visits, each with a ranking of its own. */
export function manyDefinitions(): readonly Published[] {
  const made = Array.from({ length: versionsCount }, (_, n) => {
    const kind = n % 2 === 0 ? 'blend' : 'co-visits';
    const learning = { neighboursMax: 100 + (n % learningsCount) };
    const retrieval = { depth: 50 + Math.floor(n / learningsCount) };
    return modelVersion(
      good(parseModel(JSON.stringify({ model: `model-${n}`, kind, learning, retrieval }), kinds)),
    );
  });
  const versionAt = (n: number): string => made[n]?.version ?? '';
  return [
    ...made.map((one) => ({ ...one, topic: models, key: one.version })),
    ...Array.from({ length: contextsCount }, (_, n) => {
      const one = contextVersion(good(parseContext(contextText(n, versionAt))));
      return { ...one, topic: contexts, key: one.name };
    }),
    ...Array.from({ length: experimentsCount }, (_, n) => {
      const one = experimentVersion(draftOf(good(parseExperiment(experimentText(n, versionAt)))));
      return { ...one, topic: experiments, key: one.name };
    }),
  ];
}

const contextText = (n: number, versionAt: (n: number) => string): string =>
  JSON.stringify({
    context: `context-${n}`,
    size: 20,
    rules: [{ rule: 'not-seen' }, { rule: 'available' }],
    ladder: Array.from({ length: stepsPerContext }, (_, step) => ({
      step: `step-${step}`,
      model: versionAt(n * stepsPerContext + step),
    })),
  });

const experimentText = (n: number, versionAt: (n: number) => string): string =>
  JSON.stringify({
    experiment: `experiment-${n}`,
    context: `context-${n % contextsCount}`,
    step: 'step-0',
    variants: [0, 1].map((at) => ({
      variant: `variant-${at}`,
      model: versionAt(contextsCount * stepsPerContext + 2 * n + at),
      weight: 0.5,
    })),
    outcome: { kinds: ['purchase'] },
  });
