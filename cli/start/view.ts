import { monotonicMs } from '../../lib/clock.ts';

/** What is going on, as of now. */
export interface Scene {
  readonly phase: string;
  readonly sent: number;
  readonly total: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly failed: number;
  /** Messages that each service is behind. */
  readonly behind: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly answers: number;
  readonly answerMs: number | null;
  readonly shown: readonly ShownUser[];
}

export interface ShownUser {
  readonly userId: string;
  readonly items: readonly ShownItem[];
  readonly changes: number;
}

interface ShownItem {
  readonly title: string;
  /** Title of the user's own item that did most for it; null: not known. */
  readonly because: string | null;
}

export interface View {
  /** Something that stays: a step done, a process that ended. */
  say(line: string): void;
  update(scene: Scene): void;
  /** Leaves the last picture where it is. */
  end(): void;
}

export function openView(output: NodeJS.WriteStream): View {
  return output.isTTY ? new Picture(output) : new Lines(output);
}

const counted = (value: number): string => Math.round(value).toLocaleString('en-GB');

/** Figures per second over the last moments. */
class Speed {
  readonly #points: { readonly atMs: number; readonly value: number }[] = [];
  readonly #spanMs: number;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  at(value: number): number {
    const atMs = monotonicMs();
    this.#points.push({ atMs, value });
    while (this.#points.length > 2 && (this.#points[1]?.atMs ?? atMs) < atMs - this.#spanMs) {
      this.#points.shift();
    }
    const first = this.#points[0];
    if (first === undefined || atMs - first.atMs < 1) return 0;
    return ((value - first.value) * 1_000) / (atMs - first.atMs);
  }
}

const speedMs = 3_000;
const barCells = 30;
const titleCharsMax = 34;

class Picture implements View {
  readonly #output: NodeJS.WriteStream;
  readonly #startedMs = monotonicMs();
  readonly #folded = new Speed(speedMs);
  readonly #answered = new Speed(speedMs);
  #height = 0;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  say(line: string): void {
    this.#erase();
    this.#output.write(`${line}\n`);
  }

  update(scene: Scene): void {
    const width = Math.max(40, this.#output.columns || 80) - 1;
    const lines = this.#lines(scene).map((line) => line.slice(0, width));
    this.#erase();
    this.#output.write(`${lines.join('\n')}\n`);
    this.#height = lines.length;
  }

  end(): void {
    this.#height = 0;
  }

  #erase(): void {
    if (this.#height > 0) this.#output.write(`\x1b[${this.#height}F\x1b[J`);
    this.#height = 0;
  }

  #lines(scene: Scene): string[] {
    const { sent, total, accepted, duplicates, failed } = scene;
    const done = accepted + duplicates + failed;
    const seconds = Math.round((monotonicMs() - this.#startedMs) / 1_000);
    const behind = behindTexts(scene);
    const latency =
      scene.answerMs === null ? '' : `, half of them within ${counted(scene.answerMs)} ms`;
    const answersPerSecond = this.#answered.at(scene.answers).toFixed(1);
    return [
      '',
      `${scene.phase}  (${seconds} s)`,
      `events     ${bar(done, total)} ${counted(done)} of ${counted(total)}, ${paceOf(scene, this.#folded.at(done))}`,
      `           ${counted(sent)} sent, ${counted(accepted)} accepted, ${counted(duplicates)} duplicates, ${counted(failed)} failed`,
      `behind by  ${behind.join(' · ') || '-'}`,
      `answers    ${counted(scene.answers)} of ${counted(scene.requests)} requests, ${answersPerSecond}/s${latency}`,
      ...scene.shown.flatMap(userLines),
    ];
  }
}

/** Whose work on an event comes after another's: it is behind for as long as that one is. */
const after: Readonly<Record<string, string>> = { candidates: 'user-features' };

const waitsFor = ({ behind }: Scene, service: string): string => {
  const first = after[service];
  const waits =
    first !== undefined && (behind.get(first) ?? 0) > 0 && (behind.get(service) ?? 0) > 0;
  return waits ? ` (waits for ${first})` : '';
};

export const behindTexts = (scene: Scene): string[] =>
  [...scene.behind].map(
    ([service, lag]) => `${service} ${counted(lag)}${waitsFor(scene, service)}`,
  );

const furthestBehind = ({ behind }: Scene): readonly [string, number] | null =>
  [...behind].filter(([, lag]) => lag > 0).toSorted(([, a], [, b]) => b - a)[0] ?? null;

/** Events per second; or, where every event sent is judged, what is waited for. */
export function paceOf(scene: Scene, perSecond: number): string {
  const done = scene.accepted + scene.duplicates + scene.failed;
  const most = furthestBehind(scene);
  return done > 0 && done >= scene.sent && Math.round(perSecond) === 0 && most !== null
    ? `waiting for ${most[0]} to catch up`
    : `${counted(perSecond)}/s`;
}

const itemsMax = 3;

/** One line per item, with its reason beside it. */
export function userLines({ userId, items, changes }: ShownUser): string[] {
  const often = changes === 0 ? '' : `  changed ${changes} time${changes === 1 ? '' : 's'}`;
  if (items.length === 0) return [`user ${userId.padEnd(8)} (nothing yet)`];
  const first = items.slice(0, itemsMax).map((item) => {
    const title = short(item.title);
    return item.because === null
      ? title
      : `${title.padEnd(titleCharsMax)}  because you bought ${short(item.because)}`;
  });
  return [`user ${userId}${often}`, ...first.map((line) => `${' '.repeat(11)}${line}`)];
}

const short = (title: string): string =>
  title.length > titleCharsMax ? `${title.slice(0, titleCharsMax - 1)}…` : title;

function bar(done: number, total: number): string {
  const full = total === 0 ? 0 : Math.min(barCells, Math.round((done / total) * barCells));
  return '█'.repeat(full) + '░'.repeat(barCells - full);
}

const lineMs = 5_000;

class Lines implements View {
  readonly #output: NodeJS.WriteStream;
  readonly #folded = new Speed(lineMs);
  readonly #shown = new Map<string, number>();
  #saidMs = -Infinity;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  say(line: string): void {
    this.#output.write(`${line}\n`);
  }

  update(scene: Scene): void {
    const done = scene.accepted + scene.duplicates + scene.failed;
    const perSecond = this.#folded.at(done);
    if (monotonicMs() - this.#saidMs < lineMs) return;
    this.#saidMs = monotonicMs();
    const most = furthestBehind(scene);
    const behind =
      most === null
        ? 'all caught up'
        : `${most[0]} is ${counted(most[1])} behind${waitsFor(scene, most[0])}`;
    this.say(
      `${scene.phase}: ${counted(done)} of ${counted(scene.total)} events, ${paceOf(scene, perSecond)}; ` +
        `${behind}; ${counted(scene.answers)} of ${counted(scene.requests)} requests answered`,
    );
    for (const shown of scene.shown) {
      const { userId, items, changes } = shown;
      if (items.length === 0 || this.#shown.get(userId) === changes) continue;
      this.#shown.set(userId, changes);
      for (const line of userLines(shown)) this.say(`  ${line}`);
    }
  }

  end(): void {
    // Lines stay as they are.
  }
}
