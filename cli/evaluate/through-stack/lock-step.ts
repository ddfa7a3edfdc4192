import type { Bed } from '../../../bench/bed.ts';
import { type ServiceProcess, startServiceProcess } from '../../../bench/service-process.ts';
import { openEncoder } from '../../../lib/avro/encoder.ts';
import { UserError } from '../../../lib/errors.ts';
import { openOutbox } from '../../../lib/kafka/outbox.ts';
import type { ReadyModel } from '../../../retrieval/personal-models.ts';
import { weightsFoldName } from '../../../retrieval/learned-weights.ts';
import { type CandidateList, decodeCandidates } from '../../../schemas/packed/candidates.ts';
import { type UserEvent, userEventSchema } from '../../../schemas/generated/user-event.ts';
import { plainEvent } from '../../../schemas/plain-event.ts';
import { itemSignals } from '../../../topics/item-signals.ts';
import { type Topic, topicName } from '../../../topics/topic.ts';
import { trainingExamples } from '../../../topics/training-examples.ts';
import { userEvents } from '../../../topics/user-events.ts';
import type { EngineEvent } from '../engine.ts';
import { Offsets } from './offsets.ts';

type PersonalModel = Extract<ReadyModel, { kind: 'personal' }>;

const ofUsers = ['user-features', 'seen-items', 'signals'] as const;
const listing = 'candidates';

/**
 * The real services, one event at a time. `candidates` reads what `learning` holds at that moment,
 * which is as it should be where many act at once, and a matter of luck for a comparison: so its
 * process is halted until everybody else has folded the event, and then alone goes on.
 */
export class LockStep {
  readonly #bed: Bed;
  readonly #models: readonly PersonalModel[];
  readonly #offsets: Offsets;
  #folds: ServiceProcess | null = null;
  #lists: ServiceProcess | null = null;
  #events: Sender | null = null;
  #sent = 0;
  #isStopping = false;

  constructor(bed: Bed, models: readonly PersonalModel[]) {
    this.#bed = bed;
    this.#models = models;
    this.#offsets = new Offsets(bed);
  }

  get #learned(): readonly string[] {
    return [...new Set(this.#models.flatMap(({ learned }) => learned))];
  }

  get #trains(): boolean {
    return this.#models.some(({ retrieval }) => retrieval.trainer !== null);
  }

  async start(): Promise<void> {
    if (process.platform === 'win32')
      throw new UserError('--through-stack halts a process, which Windows cannot do');
    const services = ['ingest', ...ofUsers, 'learning', 'weights'];
    // Both at once: `weights` waits for what `candidates` is called here.
    const [folds, lists] = await Promise.allSettled([
      startServiceProcess(this.#bed, { run: services }),
      startServiceProcess(this.#bed, { run: [listing] }),
    ]);
    if (folds.status === 'fulfilled') this.#folds = folds.value;
    if (lists.status === 'fulfilled') this.#lists = lists.value;
    for (const one of [folds, lists]) if (one.status === 'rejected') throw one.reason;
    const weights = this.#trains ? [weightsFoldName] : [];
    await this.#offsets.begun(['ingest', ...ofUsers, ...this.#learned, ...weights, listing]);
    this.#events = await openSender(this.#bed);
    this.#halt();
  }

  /** Sends the event, and returns its user's list of every model, as the services made them. */
  async take(event: EngineEvent): Promise<readonly (CandidateList | null)[]> {
    const { userId } = event;
    await this.#events?.send(plainEvent({ ...event, eventId: `e${this.#sent}` }));
    this.#sent += 1;
    await Promise.race([this.#folded(), ...this.#ends]);
    return this.#read(userId);
  }

  async #folded(): Promise<void> {
    const offsets = this.#offsets;
    await offsets.folded(['ingest', ...ofUsers], this.#sent);
    // What a fold emits is on its topic before its own offset moves.
    await offsets.folded(this.#learned, await this.#endOf(itemSignals));
    if (this.#trains) await offsets.folded([weightsFoldName], await this.#endOf(trainingExamples));
    this.#goOn();
    await offsets.folded([listing], this.#sent);
    this.#halt();
  }

  get #ends(): Promise<never>[] {
    return [this.#folds, this.#lists].flatMap((one) => (one === null ? [] : [one.ended]));
  }

  async #endOf(topic: Topic): Promise<number> {
    const [only] = await this.#bed.admin.topicOffsets(topicName(this.#bed.config.prefix, topic));
    return only?.high ?? 0;
  }

  async #read(userId: string): Promise<readonly (CandidateList | null)[]> {
    const keys = this.#offsets.keys(listing);
    const rows = await this.#bed.redis.mget(
      this.#models.map(({ listPrefix }) => keys.row(0, listPrefix + userId)),
    );
    return rows.map((bytes) => (bytes === null ? null : decodeCandidates(bytes)));
  }

  /** Not while it is being stopped: it would not hear that. */
  #halt(): void {
    if (!this.#isStopping) this.#signal('SIGSTOP');
  }

  #goOn(): void {
    this.#signal('SIGCONT');
  }

  #signal(name: NodeJS.Signals): void {
    try {
      if (this.#lists !== null) process.kill(this.#lists.pid, name);
    } catch (error) {
      // It is gone, and `ended` says why.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#goOn();
    for (const one of [this.#lists, this.#folds]) await one?.stop();
    await this.#events?.close();
  }
}

interface Sender {
  send(event: UserEvent): Promise<void>;
  close(): Promise<void>;
}

/** All to one partition, whichever their users: `event_clock` counts by partition. */
async function openSender({ config, registry }: Bed): Promise<Sender> {
  const topic = topicName(config.prefix, userEvents);
  const encode = await openEncoder<UserEvent>(registry, `${topic}-value`, userEventSchema);
  const outbox = await openOutbox(config.kafka);
  return {
    send: (event) =>
      outbox.send([{ topic, partition: 0, key: event.user_id, value: encode(event) }]),
    close: outbox.close,
  };
}
