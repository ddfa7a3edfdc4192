/**
 * The hash slot of a key as Redis Cluster computes it: CRC16 (XMODEM) modulo 16,384.
 * Source: Redis Cluster specification, appendix A.
 */
export const slotsMax = 16_384;

export function slotOf(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text, 'utf8')) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc % slotsMax;
}
