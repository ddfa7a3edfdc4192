import type { UserSide } from '../../models/model.ts';

/** Each channel once: kinds may share a side, and its signals are then sent once for all of them. */
export function distinctSides(sides: readonly UserSide[]): UserSide[] {
  const byChannel = new Map<number, UserSide>();
  for (const side of sides) {
    const known = byChannel.get(side.channel) ?? side;
    if (known !== side)
      throw new Error(`signals: two user sides would both teach on channel ${side.channel}`);
    byChannel.set(side.channel, side);
  }
  return [...byChannel.values()];
}
