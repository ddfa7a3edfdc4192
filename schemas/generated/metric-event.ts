// Generated from schemas/avro/metric-event.avsc by `npm run generate`. Do not edit.

/** A figure about quality. Labels are few and bounded: never a user or an item. */
export interface MetricEvent {
  /** answer, or another name that the metrics service knows. */
  readonly name: string;
  readonly at: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, number>>;
}

/** The schema as it is registered. */
export const metricEventSchema = {
  type: 'record',
  name: 'MetricEvent',
  namespace: 'freshet',
  doc: 'A figure about quality. Labels are few and bounded: never a user or an item.',
  fields: [
    {
      name: 'name',
      type: 'string',
      doc: 'answer, or another name that the metrics service knows.',
    },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'labels', type: { type: 'map', values: 'string' }, default: {} },
    { name: 'values', type: { type: 'map', values: 'double' }, default: {} },
  ],
} as const;
