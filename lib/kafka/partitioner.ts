/**
 * The partition of a key as the Java client computes it: murmur2 with Kafka's seed, sign bit
 * cleared, modulo the number of partitions. State, topics and requests all rest on it.
 * Source: org.apache.kafka.common.utils.Utils.murmur2 (Austin Appleby's MurmurHash2).
 */
export function partitionOf(key: string | Buffer, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  return (murmur2(bytes) & 0x7fffffff) % partitions;
}

const seed = 0x9747b28c;
const mix = 0x5bd1e995;

function murmur2(bytes: Buffer): number {
  const length = bytes.length;
  let h = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k = bytes.readInt32LE(at);
    k = Math.imul(k, mix);
    k ^= k >>> 24;
    k = Math.imul(k, mix);
    h = Math.imul(h, mix) ^ k;
  }
  const rest = length - at;
  if (rest >= 3) h ^= (bytes[at + 2] ?? 0) << 16;
  if (rest >= 2) h ^= (bytes[at + 1] ?? 0) << 8;
  if (rest >= 1) h = Math.imul(h ^ (bytes[at] ?? 0), mix);
  h ^= h >>> 13;
  h = Math.imul(h, mix);
  h ^= h >>> 15;
  return h;
}
