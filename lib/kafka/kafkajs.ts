/**
 * The one way to the Kafka client: whoever needs more of it than a type imports it from here, so
 * that what is replaced in it is in place before it is loaded. Required, not imported: Node makes
 * an imported CommonJS module known before the modules that stand above it have run.
 */
import './grouping.ts';
import './timers.ts';
import { createRequire } from 'node:module';
import type Kafkajs from 'kafkajs';

export const kafkajs = createRequire(import.meta.url)('kafkajs') as typeof Kafkajs;
