import { expect } from 'vitest';

import type { Plane } from '../../services/control/fakes.ts';
import type { Outcome } from '../../services/control/outcome.ts';

/** Refused in one sentence, with nothing changed. */
export const expectRefused = (plane: Plane, work: () => Outcome, why: RegExp): void =>
  expect(plane.refusal(work)).toMatch(why);
