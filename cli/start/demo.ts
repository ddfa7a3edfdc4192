import { monotonicMs } from '../../lib/clock.ts';
import type { CommonConfig } from '../../lib/config/common.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { type UserEvent, userEventSchema } from '../../schemas/generated/user-event.ts';
import { userEvents } from '../../topics/user-events.ts';
import { publishItems } from '../commands/publish.ts';
import type { Asker } from '../data/asking.ts';
import { plainRequest } from '../../schemas/plain-request.ts';
import { eventLimits, eventsOf } from '../data/event-file.ts';
import { RowFaults } from '../data/faults.ts';
import { sendEvents } from '../data/send-events.ts';
import { openTopicWriter, type TopicWriter } from '../data/topic-writer.ts';
import { contextsIn, notSeenReach, visits } from './audience.ts';
import { readExperimentResult } from './experiment.ts';
import { countUsers } from './count-users.ts';
import type { Dataset } from './dataset.ts';
import { quantileBetween, quantileOf } from './figures.ts';
import { type FollowedInteractions, followInteractions } from './follow-interactions.ts';
import { Reasons } from './reasons.ts';
import type { StartResult } from './result.ts';
import { SeenCheck } from './seen-check.ts';
import { firstItems, ServedQuality } from './served-quality.ts';
import { ShownUsers } from './shown-users.ts';
import type { View } from './view.ts';
import { type Visited, Visitors } from './visitors.ts';
import type { Watch } from './watch.ts';

export interface DemoOptions {
  readonly config: CommonConfig;
  readonly dataset: Dataset;
  readonly catalogue: Catalogue;
  readonly asker: Asker;
  readonly watch: Watch;
  readonly view: View;
  readonly signal: AbortSignal;
}

const pacedPerSecond = 200;
const requestsPerSecond = 20;
/** While everything is busy with the replay, only now and then. */
const requestsPerSecondEarly = 2;
/** Of the last tenth so many ask when they come: what they do next is what an experiment counts. */
const newcomersMax = 500;
/**
 * Of the paced part, beside those that are shown: at its rate all of them have asked in ten seconds.
 * The experiment counts whose time for outcomes is over, and the part ends soon.
 */
const firstContextUsersMax = 50;
const answerMsMax = 30_000;
const stallMsMax = 120_000;
/** How fast the last tenth is sent between the events that are held back. */
const judgedPerSecond = 20_000;
const settleMsMax = 1_000;
const shownMax = 3;
const freshness = 'freshet_candidates_freshness_seconds';

/** Replays the bundled events, asks in between, and measures what comes of it. */
export class Demo {
  readonly #options: DemoOptions;
  /** Who asks now: first a few, so that there is something to see; then those that count. */
  #visitors: Visitors;
  readonly #seen: SeenCheck;
  readonly shown: ShownUsers;
  /** Those whose recommendations are shown, and where they ask. */
  readonly shownUsers: readonly string[];
  readonly contexts: readonly string[];
  readonly #quality: ServedQuality;
  #reasons: Reasons | null = null;
  readonly #tookMs: number[] = [];
  #phase = 'replaying at full speed';
  #paced = false;
  #sent = 0;

  constructor(options: DemoOptions) {
    const { catalogue, dataset } = options;
    this.#options = options;
    this.contexts = contextsIn(catalogue);
    this.shownUsers = dataset.known.active.slice(0, shownMax);
    const [contextId = ''] = this.contexts;
    this.shown = new ShownUsers(this.shownUsers, { contextId, titles: dataset.titles });
    this.#seen = new SeenCheck(dataset.known.before, notSeenReach(catalogue));
    this.#visitors = this.#newVisitors();
    this.#quality = this.#newQuality(contextId);
  }

  #newQuality(contextId: string): ServedQuality {
    const { dataset, asker } = this.#options;
    const { skip, total, judgedFrom } = dataset;
    return new ServedQuality({
      judged: skip + total - judgedFrom,
      newcomersMax,
      settleMsMax,
      isRepeat: ({ event_id: id }) => dataset.known.repeats.has(id),
      ask: async (userId) => {
        const request = { ...plainRequest(userId, contextId), count: firstItems };
        return (await asker.ask(request, answerMsMax))?.recommendation ?? null;
      },
    });
  }

  #newVisitors(): Visitors {
    const { dataset, asker } = this.#options;
    const { shownUsers: shown, contexts } = this;
    const users = dataset.known.active;
    return new Visitors({
      asker,
      next: visits({
        users,
        shown,
        contexts,
        firstContextUsersMax: this.#paced ? firstContextUsersMax : users.length,
      }),
      onAnswer: (visited) => this.#answered(visited),
      timeoutMs: answerMsMax,
    });
  }

  async run(): Promise<StartResult> {
    const { config, catalogue, dataset, watch, view } = this.#options;
    const [contextId = ''] = this.contexts;
    const about = { config, catalogue, contextId, users: this.shownUsers };
    const reasons = await Reasons.open(about);
    this.#reasons = reasons;
    const published = await publishItems(dataset.items, config);
    view.say(`Published ${published.published} items with their titles.`);
    const writer = await openTopicWriter<UserEvent>(config, {
      topic: userEvents,
      schema: userEventSchema,
    });
    const looking = setInterval(() => this.#show(), 1_000);
    try {
      this.#visitors.start(requestsPerSecondEarly);
      const startedMs = monotonicMs();
      const { skip, judgedFrom, pacedFrom } = dataset;
      await this.#send(writer, { skip, until: Math.min(judgedFrom, pacedFrom) });
      const fullSpeed = this.#sent;
      await watch.caughtUp(stallMsMax);
      const replaySeconds = (monotonicMs() - startedMs) / 1_000;
      const following = await followInteractions(config, (placed) => {
        this.#seen.took(placed);
        this.#quality.took(placed);
      });
      await this.#judgedPart(writer);
      await this.#visitors.stop();
      const before = watch.figures.buckets(freshness);
      const paced = await this.#pacedPart(writer, following);
      const after = watch.figures.buckets(freshness);
      const fresh = (q: number): number | null => inMs(quantileBetween(q, before, after));
      return {
        ...(await this.#counts()),
        replay_seconds: rounded(replaySeconds, 3),
        events_per_second: rounded(fullSpeed / replaySeconds, 1),
        freshness_p50_ms: fresh(0.5),
        freshness_p99_ms: fresh(0.99),
        full_speed_events: fullSpeed,
        paced_events: paced,
        paced_per_second: pacedPerSecond,
      };
    } finally {
      clearInterval(looking);
      await Promise.all([writer.close(), reasons.close()]);
      dataset.events.close();
    }
  }

  /** The last tenth, as far as it is not of the paced part. */
  async #judgedPart(writer: TopicWriter<UserEvent>): Promise<void> {
    const { dataset, watch, signal } = this.#options;
    const { judgedFrom: skip, pacedFrom: until } = dataset;
    if (skip >= until) return;
    this.#phase = 'replaying the last tenth, asking before some of its events';
    await this.#send(writer, { skip, until, rate: judgedPerSecond, judged: true });
    if (!signal.aborted) await watch.caughtUp(stallMsMax);
  }

  /** Returns how many events it sent. */
  async #pacedPart(
    writer: TopicWriter<UserEvent>,
    following: FollowedInteractions,
  ): Promise<number> {
    const { dataset, watch, signal } = this.#options;
    this.#phase = `replaying the newest at ${pacedPerSecond} events/s, asking ${requestsPerSecond} times a second`;
    const earlier = this.#sent;
    this.#paced = true;
    this.#visitors = this.#newVisitors();
    this.#visitors.start(requestsPerSecond);
    await this.#send(writer, { skip: dataset.pacedFrom, rate: pacedPerSecond, judged: true });
    await this.#visitors.stop();
    if (signal.aborted) return 0;
    await watch.caughtUp(stallMsMax, { withAnswers: true });
    await following.toEnd();
    this.#show();
    return this.#sent - earlier;
  }

  async #send(
    writer: TopicWriter<UserEvent>,
    part: {
      readonly skip: number;
      readonly until?: number;
      readonly rate?: number;
      /** Asks before some of those that belong to the last tenth. */
      readonly judged?: boolean;
    },
  ): Promise<void> {
    const { config, dataset, signal } = this.#options;
    const { skip, until, rate } = part;
    const events = eventsOf(dataset.events, {
      skip,
      ...(until === undefined ? {} : { limit: until - skip }),
      shiftMs: dataset.shiftMs,
      limits: eventLimits(config),
      faults: new RowFaults(),
    });
    const passOver = Math.max(0, dataset.judgedFrom - skip);
    const given = part.judged ? this.#quality.holding(events, { passOver, signal }) : events;
    await sendEvents(given, writer, {
      signal,
      ...(rate === undefined ? {} : { rate }),
      onSent: (sent) => {
        this.#sent += sent.length;
      },
    });
  }

  #answered({ recommendation, tookMs }: Visited): void {
    if (this.#paced) {
      this.#tookMs.push(tookMs);
      this.#seen.answered(recommendation);
    }
    this.shown.took(recommendation);
  }

  #looking = false;

  /** A picture of what is going on; while one is being taken, the next is left out. */
  #show(): void {
    if (this.#looking) return;
    this.#looking = true;
    const { watch } = this.#options;
    void Promise.all([watch.look(), this.#reasons?.look()])
      .then(
        () => this.#draw(),
        // A broker or Redis is away for a moment: the picture stays as it is.
        () => undefined,
      )
      .finally(() => {
        this.#looking = false;
      });
  }

  #draw(): void {
    const { dataset, view, watch } = this.#options;
    const { requests, answers } = this.#visitors;
    view.update({
      phase: this.#phase,
      sent: this.#sent,
      total: dataset.total,
      ...watch.judged(),
      behind: watch.behind(),
      requests,
      answers,
      answerMs: quantileOf(0.5, this.#tookMs),
      shown: this.shown.now((userId) => this.#reasons?.of(userId)),
    });
  }

  async #counts() {
    const { config, watch } = this.#options;
    const { requests, answers, ok, byModel } = this.#visitors;
    return {
      events: this.#sent,
      ...watch.judged(),
      users: await countUsers(config),
      items: watch.figures.sum('freshet_definitions', { kind: 'items' }),
      requests,
      answers,
      answered_by_model_share: ok === 0 ? null : rounded(byModel / ok, 4),
      ...this.#quality.figures(),
      ...(await readExperimentResult(config)),
      seen_violations: this.#seen.violations().length,
      verify_differences: null,
      answer_p50_ms: orNull(quantileOf(0.5, this.#tookMs)),
      answer_p99_ms: orNull(quantileOf(0.99, this.#tookMs)),
    };
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
const orNull = (ms: number | null): number | null => (ms === null ? null : rounded(ms, 1));
const inMs = (seconds: number | null): number | null =>
  seconds === null ? null : rounded(seconds * 1_000, 1);
