/**
 * Places where a test may end the process, as a power cut would: `FRESHET_FAILPOINT=after_emit:3`
 * kills it the third time that it passes; `after_emit:3:9000` blocks it there for so many
 * milliseconds instead, as a handler does that computes for too long. Unset, a failpoint costs one
 * comparison.
 */
export type Failpoint =
  | 'after_emit'
  | 'before_commit'
  | 'after_commit'
  | 'before_switch'
  | 'before_offset_commit';

let armed: { readonly at: string; left: number; readonly blockMs: number } | null = null;

/** Armed once at the start, from the configuration. */
export function armFailpoint(spec: string | undefined): void {
  if (spec === undefined || spec === '') return;
  const [at, times, blockMs] = spec.split(':');
  armed = { at: at ?? '', left: Number(times ?? 1), blockMs: Number(blockMs ?? 0) };
}

export function failpoint(here: Failpoint): void {
  if (armed === null || armed.at !== here) return;
  armed.left -= 1;
  if (armed.left > 0) return;
  const { blockMs } = armed;
  armed = null;
  if (blockMs === 0) process.kill(process.pid, 'SIGKILL');
  // Nothing else of this process runs in the meantime: that is the fault.
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
}
