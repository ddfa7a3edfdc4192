import { checkAgreement, type Agreement } from '../../cli/control/agreement.ts';
import { type ControlClient, openControlClient } from '../../cli/control/client.ts';
import { readHistory } from '../../cli/control/history.ts';
import { monotonicMs } from '../../lib/clock.ts';
import { type Bed, openBed } from '../bed.ts';
import { caughtUp } from '../progress.ts';
import { Orders } from './orders.ts';
import { Victims } from './victims.ts';

export interface ControlBenchOptions {
  readonly commands: number;
  readonly clients: number;
  readonly say: (line: string) => void;
}

const answerMsMax = 20_000;
const agreeTriesMax = 40;
const agreeMs = 500;

/** What clients were told: the id of the command, and how it was answered. */
interface Told {
  readonly ids: Map<string, string>[];
  readonly tookMs: number[];
  sent: number;
}

/**
 * Commands from many clients while control processes are killed hard, again and again. Afterwards
 * what clients were told, the history, the state and the compacted topics must be one truth.
 */
export async function benchControl(options: ControlBenchOptions): Promise<object> {
  const { say } = options;
  const bed = await openBed({ aof: true, say });
  const victims = new Victims(bed);
  try {
    const startedMs = monotonicMs();
    const told = await sendAll(bed, options);
    const seconds = (monotonicMs() - startedMs) / 1_000;
    await victims.spare();
    await caughtUp(bed, ['control']);
    const agreement = await agreed(bed);
    for (const line of agreement.differences.slice(0, 20)) say(line);
    const broken = await promisesBroken(bed, told);
    told.tookMs.sort((a, b) => a - b);
    const at = (share: number): number =>
      Number((told.tookMs[Math.floor(told.tookMs.length * share)] ?? 0).toFixed(1));
    return {
      commands: agreement.commands,
      clients: options.clients,
      kills: victims.kills,
      accepted: agreement.accepted,
      refused: agreement.refused,
      repeated: agreement.repeated,
      lost: agreement.lost + broken,
      applied_twice: agreement.appliedTwice,
      differences: agreement.differences.length,
      commands_per_second: Number((told.sent / seconds).toFixed(1)),
      answer_ms: { p50: at(0.5), p99: at(0.99), max: at(0.99999) },
    };
  } finally {
    await victims.stop();
    await bed.close();
  }
}

async function sendAll(bed: Bed, { commands, clients, say }: ControlBenchOptions): Promise<Told> {
  const told: Told = { ids: [], tookMs: [], sent: 0 };
  const progress = setInterval(() => say(`${told.sent} of ${commands} commands`), 10_000);
  const one = async (client: ControlClient, number: number): Promise<void> => {
    const orders = new Orders(number, 1);
    const own = new Map<string, string>();
    told.ids.push(own);
    while (told.sent < commands) {
      told.sent += 1;
      const order = orders.next();
      const sentMs = monotonicMs();
      let result = null;
      // Nobody answered in time: sent again under its id, as clients do.
      while (result === null) result = await client.send(order, answerMsMax);
      told.tookMs.push(monotonicMs() - sentMs);
      if (result.status === 'accepted') own.set(result.command_id, JSON.stringify(result.changes));
    }
  };
  const all = await Promise.all(
    Array.from({ length: clients }, () => openControlClient(bed.config)),
  );
  try {
    await Promise.all(all.map(one));
  } finally {
    clearInterval(progress);
    await Promise.all(all.map((client) => client.close()));
  }
  return told;
}

/** Repairs come after what they repair. */
async function agreed(bed: Bed): Promise<Agreement> {
  for (let tried = 1; ; tried += 1) {
    const agreement = await checkAgreement(bed.config);
    if (agreement.differences.length === 0 || tried === agreeTriesMax) return agreement;
    await new Promise((resolve) => setTimeout(resolve, agreeMs));
  }
}

/** Commands of which a client was told that they were accepted, and the history says otherwise. */
async function promisesBroken(bed: Bed, { ids }: Told): Promise<number> {
  const history = new Map<string, string>();
  for (const { command_id: id, status, changes } of await readHistory(bed.config))
    if (status === 'accepted') history.set(id, JSON.stringify(changes));
  let broken = 0;
  for (const own of ids)
    for (const [id, changes] of own) if (history.get(id) !== changes) broken += 1;
  return broken;
}
