/**
 * A process that hosts some services for `freshet start`. It ends with its launcher, however that
 * ends: the kernel closes the channel between them.
 *
 *   node cli/start/worker.ts <service...>   (forked, with a channel)
 */
import { sentenceOf } from '../cure.ts';
import { runServices } from '../host/host.ts';

const endMsMax = 30_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  // Kafka and Redis are ending too: draining may have nobody to talk to.
  setTimeout(() => process.exit(1), endMsMax).unref();
});

try {
  await runServices(process.argv.slice(2), { bootstrap: false, json: true, port: 0 });
} catch (error) {
  const sentence = sentenceOf(error);
  console.error(sentence === null ? error : `freshet: ${sentence}`);
  process.exit(1);
}
