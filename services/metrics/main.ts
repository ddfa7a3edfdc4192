import { TopicDecoder } from '../../lib/avro/decoder.ts';
import { openRegistry } from '../../lib/avro/registry.ts';
import { type RecordBatch, startBatchConsumer } from '../../lib/kafka/batch-consumer.ts';
import type { RunningService, ServiceContext } from '../../lib/service.ts';
import { type MetricEvent, metricEventSchema } from '../../schemas/generated/metric-event.ts';
import { metricEvents } from '../../topics/metric-events.ts';
import { topicName } from '../../topics/topic.ts';
import { metricsConfig } from './config.ts';
import { LabelBounds } from './label-bounds.ts';
import { countEvent, type Series } from './series.ts';

const name = 'metrics';

/**
 * At least once: an event may be counted twice after a crash, which a rate over minutes does not
 * show. The counters are this process's memory, as Prometheus expects of counters.
 */
export async function startMetrics(context: ServiceContext): Promise<RunningService> {
  const { config, metrics, onFatal } = context;
  const topic = topicName(config.prefix, metricEvents);
  const decoder = new TopicDecoder<MetricEvent>({
    registry: openRegistry(config.registry),
    subject: `${topic}-value`,
    schema: metricEventSchema,
    valueBytesMax: metricEvents.messageBytesMax,
  });
  const bounds = new LabelBounds(metricsConfig().labelValuesMax, (label) =>
    metrics.add('freshet_series_limited_total', { label }),
  );
  const consumer = await startBatchConsumer({
    kafka: { ...config.kafka, clientId: `${config.kafka.clientId}.${name}` },
    groupId: `${config.prefix}.${name}`,
    topics: [topic],
    fromBeginning: true,
    maxWaitMs: 500,
    onBatch: (batch) => countBatch(batch, decoder, { metrics, bounds }),
    onFatal,
  });
  return {
    name,
    stop: consumer.stop,
    healthy: consumer.healthy,
    ready: () => (consumer.joined() ? null : 'metrics: joining the group'),
  };
}

async function countBatch(
  { records }: RecordBatch,
  decoder: TopicDecoder<MetricEvent>,
  series: Series,
): Promise<void> {
  await decoder.prepare(records.map(({ value }) => value));
  for (const { value } of records) {
    const decoded = decoder.decode(value);
    if (decoded.ok) countEvent(decoded.value, series);
    else series.metrics.add('freshet_metric_events_total', { outcome: decoded.reason });
  }
}
