/** Places of an index vector that are not 0. */
const places = 8;

/**
 * Adds `weight` times an id's index vector: eight places, half of them +1 and half -1 on average,
 * all of them from a hash of the id. So nobody needs to keep index vectors or agree on them, and
 * those of two ids are nearly at right angles (Kanerva, Kristoferson, Holst 2000).
 */
export const addIndexVector = (into: Float32Array, id: string, weight: number): void => {
  let state = hashOf(id);
  for (let place = 0; place < places; place++) {
    state = mixed(state + 0x9e3779b9);
    const at = (state >>> 1) % into.length;
    into[at] = (into[at] as number) + ((state & 1) === 0 ? weight : -weight);
  }
};

/** FNV-1a over UTF-16 units. */
const hashOf = (id: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash;
};

/** The finaliser of MurmurHash3: every bit of the state reaches every other. */
const mixed = (state: number): number => {
  let hash = state | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
};
