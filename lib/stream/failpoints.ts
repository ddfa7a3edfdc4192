/**
 * Places where a test may end the process, as a power cut would: `FRESHET_FAILPOINT=after_emit:3`
 * kills it the third time that it passes. Unset, a failpoint costs one comparison.
 */
export type Failpoint = 'after_emit' | 'before_commit' | 'after_commit';

let armed: { readonly at: string; left: number } | null = null;

/** Armed once at the start, from the configuration. */
export function armFailpoint(spec: string | undefined): void {
  if (spec === undefined || spec === '') return;
  const [at, times] = spec.split(':');
  armed = { at: at ?? '', left: Number(times ?? 1) };
}

export function failpoint(here: Failpoint): void {
  if (armed === null || armed.at !== here) return;
  armed.left -= 1;
  if (armed.left <= 0) process.kill(process.pid, 'SIGKILL');
}
