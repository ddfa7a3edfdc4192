// Generated from schemas/avro/item.avsc by `npm run generate`. Do not edit.

/** What is known of an item, the newest per item_id. A null value withdraws the item. */
export interface Item {
  readonly item_id: string;
  readonly title: string;
  readonly categories: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly available_from: null | number;
  readonly available_until: null | number;
}

/** The schema as it is registered. */
export const itemSchema = {
  type: 'record',
  name: 'Item',
  namespace: 'freshet',
  doc: 'What is known of an item, the newest per item_id. A null value withdraws the item.',
  fields: [
    { name: 'item_id', type: 'string' },
    { name: 'title', type: 'string', default: '' },
    { name: 'categories', type: { type: 'array', items: 'string' }, default: [] },
    { name: 'attributes', type: { type: 'map', values: 'string' }, default: {} },
    {
      name: 'available_from',
      type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
      default: null,
    },
    {
      name: 'available_until',
      type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
      default: null,
    },
  ],
} as const;
