import { expect, test } from 'vitest';

import { modelVersion, parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { coldReasons, foldsOfVersion } from './warmth.ts';

const recordOf = (text: string) => {
  const parsed = parseModel(text, kinds);
  if (!parsed.ok) throw new Error(parsed.faults.join());
  const { name, version, content } = modelVersion(parsed.value);
  return { name, version, revision: 1, content };
};
const record = recordOf('{"model":"near","kind":"co-visits"}');

test('a version is warm when every fold that it reads has begun and is caught up', () => {
  const [fold = ''] = foldsOfVersion(record);
  expect(fold).toMatch(/^learning:co-visits-/);
  const at = (...lags: readonly number[]) =>
    coldReasons(
      [record],
      lags.map((lag) => ({ service: fold, lag })),
    );
  expect(at(0, 10)).toEqual([]);
  expect(at(600, 600)).toEqual([`${record.version}: ${fold} has 1200 records before it`]);
  expect(at()).toEqual([`${record.version}: ${fold} has not been started`]);
  const other = recordOf('{"model":"far","kind":"co-visits","learning":{"halfLifeDays":1}}');
  expect(foldsOfVersion(other)).not.toEqual([fold]);
});
