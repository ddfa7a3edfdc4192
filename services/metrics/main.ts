import { allOrNone } from '../../lib/all-or-none.ts';
import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry, type RegistryPort } from '../../lib/avro/registry.ts';
import { now } from '../../lib/clock.ts';
import {
  type BatchConsumer,
  type RecordBatch,
  startBatchConsumer,
} from '../../lib/kafka/batch-consumer.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { Catalogue } from '../../models/catalogue.ts';
import { type MetricEvent, metricEventSchema } from '../../schemas/generated/metric-event.ts';
import { followDefinitions, type FollowedDefinitions } from '../../topics/follow-definitions.ts';
import { metricEvents } from '../../topics/metric-events.ts';
import { topicName } from '../../topics/topic.ts';
import { metricsConfig } from './config.ts';
import { ExpectationWatch } from './expectations.ts';
import { LabelBounds } from './label-bounds.ts';
import { countEvent, type Series } from './series.ts';

const name = 'metrics';
/** How often windows slide on. */
const lookMs = 5_000;

interface Parts {
  readonly decoder: TopicDecoder<MetricEvent>;
  readonly series: Series;
  readonly watch: ExpectationWatch;
}

/**
 * At least once: an event may be counted twice after a crash, which a rate over minutes does not
 * show. The counters are this process's memory, as Prometheus expects of counters.
 */
export async function startMetrics(context: ServiceContext): Promise<RunningService> {
  const { config, log, metrics, onFatal } = context;
  const registry = openRegistry(config.registry);
  const { labelValuesMax, watchedMax } = metricsConfig();
  const contexts = new Catalogue(new Map());
  const parts: Parts = {
    decoder: new TopicDecoder<MetricEvent>({
      registry,
      subject: `${topicName(config.prefix, metricEvents)}-value`,
      schema: metricEventSchema,
      valueBytesMax: metricEvents.messageBytesMax,
    }),
    series: {
      metrics,
      bounds: new LabelBounds(labelValuesMax, (label) =>
        metrics.add('freshet_series_limited_total', { label }),
      ),
    },
    watch: new ExpectationWatch({
      metrics,
      log,
      expectationsOf: (named) => contexts.contexts.get(named)?.definition.expectations,
      watchedMax,
    }),
  };
  await parts.decoder.open();
  const [definitions, consumer] = await allOrNone<[FollowedDefinitions, BatchConsumer]>([
    followContexts(context, registry, contexts),
    startBatchConsumer({
      kafka: { ...config.kafka, clientId: `${config.kafka.clientId}.${name}` },
      groupId: `${config.prefix}.${name}`,
      topics: [topicName(config.prefix, metricEvents)],
      fromBeginning: true,
      maxWaitMs: 500,
      onBatch: (batch) => countBatch(batch, parts),
      onFatal,
    }),
  ]);
  const timer = setInterval(() => parts.watch.look(now()), lookMs);
  return {
    name,
    stop: async () => {
      clearInterval(timer);
      await Promise.all([definitions.stop(), consumer.stop()]);
    },
    healthy: () => definitions.healthy() ?? consumer.healthy(),
    ready: () => {
      if (!definitions.isReady()) return 'metrics: reading definitions';
      return consumer.joined() ? null : 'metrics: joining the group';
    },
  };
}

/** Contexts alone: which kinds of models there are is no matter here. */
function followContexts(
  { config, log, onFatal }: ServiceContext,
  registry: RegistryPort,
  contexts: Catalogue,
): Promise<FollowedDefinitions> {
  return followDefinitions({
    config,
    clientId: `${config.kafka.clientId}.${name}`,
    registry,
    catalogue: {
      takeModel: () => ({ kind: 'outdated' }),
      takeContext: (key, record) => contexts.takeContext(key, record),
    },
    onChange: () => undefined,
    log,
    onFatal,
  });
}

async function countBatch({ records }: RecordBatch, parts: Parts): Promise<void> {
  const { decoder, series, watch } = parts;
  await decoder.prepare(records.map(({ value }) => value));
  const nowMs = now();
  for (const { value } of records) {
    const decoded = decoder.decode(value);
    if (decoded.ok) {
      countEvent(decoded.value, series);
      watch.take(decoded.value, nowMs);
    } else series.metrics.add('freshet_metric_events_total', { outcome: decoded.reason });
  }
}
