/**
 * Loaded into a worker before anything else (`node --import`): with every SIGUSR2 its wall clock
 * goes wrong in another way, by an hour ahead, an hour back, and not at all.
 */
const clock: { now(): number } = Date;
const right = clock.now.bind(Date);
const hourMs = 3_600_000;
const wrongByMs = [0, hourMs, -hourMs] as const;
let at = 0;

clock.now = () => right() + (wrongByMs[at] ?? 0);
process.on('SIGUSR2', () => {
  at = (at + 1) % wrongByMs.length;
});

export {};
