import { decodeList, decodeParts } from '../../schemas/packed/external-candidates.ts';
import { listSeen } from '../../schemas/packed/seen-items.ts';
import { decodeServed } from '../../schemas/packed/served.ts';
import { decodeUserFeatures } from '../../schemas/packed/user-features.ts';

const charactersMax = 300;

/** A stored value for people, as far as its layout is published; else its first bytes. */
export function describeValue(fold: string, bytes: Buffer, types: readonly string[]): string {
  let text = bytes.subarray(0, 48).toString('hex');
  try {
    if (fold === 'seen-items') text = JSON.stringify(listSeen(bytes));
    if (fold === 'served') text = JSON.stringify(decodeServed(bytes));
    if (fold === 'external')
      text = JSON.stringify(decodeParts(bytes).map(({ mark, list }) => [mark, decodeList(list)]));
    if (fold === 'user-features') text = JSON.stringify(decodeUserFeatures(bytes, types));
  } catch {
    // A value that is wrong may not be readable: its bytes say it too.
  }
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}...` : text;
}
