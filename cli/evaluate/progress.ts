import { type SingleBar } from 'cli-progress';
import cliProgress from 'cli-progress';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { monotonicMs } from '../../lib/clock.ts';

export interface EvaluationProgress {
  at(events: number): Promise<void>;
  end(): void;
}

const lineMs = 5_000;

/** A bar in a terminal, a line now and then elsewhere; on stderr, as stdout is for the result. */
export function evaluationProgress(total: number): EvaluationProgress {
  if (process.stderr.isTTY) {
    const bar: SingleBar = new cliProgress.SingleBar(
      {
        format: '{bar} {percentage}%  {value}/{total} events  {eta_formatted} left',
        hideCursor: true,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(total, 0);
    return {
      at: async (events) => {
        bar.update(events);
        await nextTurn();
      },
      end: () => bar.stop(),
    };
  }
  let saidMs = monotonicMs();
  return {
    at: async (events) => {
      if (monotonicMs() - saidMs < lineMs) return;
      saidMs = monotonicMs();
      console.error(`${events} of ${total} events`);
      await nextTurn();
    },
    end: () => undefined,
  };
}
