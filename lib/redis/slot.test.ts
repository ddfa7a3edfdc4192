import { expect, test } from 'vitest';

import { slotOf } from './slot.ts';

test('slots are those of the Redis Cluster specification', () => {
  // Appendix A: CRC16 of this text is 0x31C3.
  expect(slotOf('123456789')).toBe(0x31c3 % 16_384);
  // CLUSTER KEYSLOT of a real server.
  expect(['foo', 'bar', ''].map(slotOf)).toEqual([12_182, 5_061, 0]);
});
