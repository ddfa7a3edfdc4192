import { parentPort, workerData } from 'node:worker_threads';

import type { Share } from './pool.ts';
import { simulate } from './simulate.ts';

// Faults are thrown by the thousand, and nobody reads where.
Error.stackTraceLimit = 0;
parentPort?.postMessage(await simulate(workerData as Share));
