import { join } from 'node:path';

import type { StackState } from '../../lib/config/state-file.ts';
import { type PartStatus, partStatuses } from '../../stack/state.ts';

/** Where the running stack is, as lines for a shell; ends with 1 where a part does not answer. */
export async function report(state: StackState, asJson: boolean | undefined): Promise<void> {
  const { addresses, dataDir, mode } = state;
  const parts = await partStatuses(state);
  const cure = cureFor(state, parts);
  if (cure !== null) process.exitCode = 1;
  if (asJson === true) {
    console.log(JSON.stringify({ running: true, mode, addresses, dataDir, parts, cure }));
    return;
  }
  console.log(`export FRESHET_KAFKA_BROKERS=${addresses.kafkaBrokers}`);
  console.log(`export FRESHET_REGISTRY_URL=${addresses.registryUrl}`);
  console.log(`export FRESHET_REDIS_URL=${addresses.redisUrl}`);
  if (addresses.prometheusUrl !== undefined) {
    console.log(`export FRESHET_PROMETHEUS_URL=${addresses.prometheusUrl}`);
  }
  console.log(`# ${modeTexts[mode]}${mode === 'outside' ? '' : `; data in ${dataDir}`}`);
  for (const { address, answers, part, pid } of parts) {
    const process = pid === undefined ? '' : `, process ${pid}`;
    const said = answers ? 'answers' : 'DOES NOT ANSWER';
    console.log(`# ${part.padEnd(10)} ${address.padEnd(16)} ${said}${process}`);
  }
  if (cure !== null) console.log(`# Cure: ${cure}`);
  if (mode === 'processes' && addresses.prometheusUrl === undefined) {
    console.log('# prometheus is not there (apt-get install prometheus adds it at the next start)');
  }
}

/** Null: every part answers. */
export function cureFor(
  { dataDir, mode }: Pick<StackState, 'dataDir' | 'mode'>,
  parts: readonly PartStatus[],
): string | null {
  if (parts.every(({ answers }) => answers)) return null;
  if (mode === 'outside') return 'start it again, or ask whoever runs it';
  return `npx freshet down && npx freshet up, and start the services again (logs: ${join(dataDir, 'logs')})`;
}

const modeTexts: Readonly<Record<StackState['mode'], string>> = {
  outside: 'run by somebody else',
  containers: 'containers',
  processes: 'local processes',
};
