// kafkajs 2.2.4 re-arms a timer with a negative delay on every connection (tulios/kafkajs #1751):
// hundreds of wake-ups a second per connection, and a TimeoutNegativeWarning on Node 24. This file
// is imported before kafkajs is used, and replaces the one method at fault.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

import { makeDateSteady, now } from '../clock.ts';

makeDateSteady();

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  throttledUntil: number;
  pending: unknown[];
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

// kafkajs has no "exports" map, so its inner files can be required.
const load = createRequire(import.meta.url);
const { prototype } = load('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };

/** SHA-256 of the replaced method: a unit test compares it, so that another kafkajs is noticed. */
export const replacedSource = createHash('sha256')
  .update(String(prototype.scheduleCheckPendingRequests))
  .digest('hex');

const recheckMs = 10;

prototype.scheduleCheckPendingRequests = function scheduleOnlyWhenWaiting(): void {
  // With nothing waiting there is nothing to check: push() calls this again when a request waits.
  if (this.throttleCheckTimeoutId !== null && this.throttleCheckTimeoutId !== undefined) return;
  if (this.pending.length === 0) return;
  const throttledForMs = this.throttledUntil - now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledForMs > 0 ? throttledForMs : recheckMs,
  );
};
