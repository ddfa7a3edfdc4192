import type { Signal } from '../../models/model.ts';
import type { Recent } from './recents.ts';

/** A user side as it is called here: structural twin of the models' UserSide. */
export interface Side {
  readonly channel: number;
  signals(
    itemId: string,
    atMs: number,
    recents: readonly Recent[],
    visitor: { readonly user: string; readonly session: string },
  ): readonly Signal[];
}

/** Each channel once: kinds may share a side, and its signals are then sent once for all of them. */
export function distinctSides(sides: readonly Side[]): Side[] {
  const byChannel = new Map<number, Side>();
  for (const side of sides) {
    const known = byChannel.get(side.channel) ?? side;
    if (known !== side)
      throw new Error(`signals: two user sides would both teach on channel ${side.channel}`);
    byChannel.set(side.channel, side);
  }
  return [...byChannel.values()];
}
