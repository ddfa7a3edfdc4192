import type { ControlCommand } from '../../cli/control/client.ts';

const contextCount = 24;
const experimentsPerClient = 30;

/** What one client sends: the same for the same seed, so that runs can be compared. */
export class Orders {
  readonly #client: number;
  readonly #sent: ControlCommand[] = [];
  #state: number;
  #made = 0;

  constructor(client: number, seed: number) {
    this.#client = client;
    this.#state = (seed * 8_191 + client * 131 + 1) % 2_147_483_647;
  }

  next(): ControlCommand {
    const dice = this.#below(100);
    const earlier = this.#sent[this.#below(Math.max(1, this.#sent.length))];
    if (dice < 10 && earlier !== undefined) return earlier;
    if (dice < 15 && earlier?.id !== undefined) return { ...this.#fresh(), id: earlier.id };
    const fresh = this.#fresh();
    this.#sent.push(fresh);
    return fresh;
  }

  /** Park and Miller's minimal standard generator. */
  #below(limit: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % limit;
  }

  #fresh(): ControlCommand {
    this.#made += 1;
    const id = `client-${this.#client}-${this.#made}`;
    const dice = this.#below(100);
    if (dice < 50) return { ...this.#apply(), id };
    if (dice < 55) return { kind: 'context.retire', body: { context: this.#context() }, id };
    if (dice < 60) return { kind: 'model.delete', body: { version: 'shelf@0123456789ab' }, id };
    return { ...this.#experiment(), id };
  }

  #context = (): string => `context-${this.#below(contextCount)}`;

  #apply(): ControlCommand {
    const depth = 50 + this.#below(5);
    const definitions = [
      { model: 'shelf', kind: 'trending', retrieval: { depth } },
      { model: 'other', kind: 'trending', retrieval: { depth: depth + 100 } },
      {
        context: this.#context(),
        size: 1 + this.#below(9),
        ladder: [{ step: 'only', model: 'shelf' }],
      },
    ];
    const texts = definitions.map((definition) => JSON.stringify(definition));
    return { kind: 'apply', body: { definitions: texts } };
  }

  #experiment(): ControlCommand {
    const experiment = `test-${this.#client}-${this.#below(experimentsPerClient)}`;
    const dice = this.#below(5);
    if (dice === 0) return { kind: 'experiment.start', body: { experiment } };
    if (dice === 1) return { kind: 'experiment.stop', body: { experiment, why: 'seen enough' } };
    if (dice === 2) return { kind: 'experiment.delete', body: { experiment } };
    if (dice === 3) {
      const sentence = 'b sold more';
      const body = { experiment, winner: 'b', sentence, promote: this.#below(2) === 0 };
      return { kind: 'experiment.decide', body };
    }
    const definition = {
      experiment,
      context: this.#context(),
      variants: [
        { variant: 'a', model: 'shelf', weight: 0.5 },
        { variant: 'b', model: 'other', weight: 0.5 },
      ],
      traffic: 0.05,
      outcome: { kinds: ['purchase'] },
    };
    return { kind: 'experiment.create', body: { definition } };
  }
}
