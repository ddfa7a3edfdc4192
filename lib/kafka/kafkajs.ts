/**
 * The one way to the Kafka client: whoever needs more of it than a type imports it from here, so
 * that what is replaced in it is in place before it is loaded.
 */
import './grouping.ts';
import './timers.ts';
import kafkajs from 'kafkajs';

export { kafkajs };
