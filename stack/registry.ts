import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalPart } from './local-part.ts';
import { httpAnswers } from './probes.ts';
import { heap, registryDatabase, registryPath } from './settings.ts';

export interface RegistryOptions {
  readonly java: string;
  readonly programDir: string;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly port: number;
}

export const registryAddress = (port: number): string => `http://127.0.0.1:${port}${registryPath}`;

export function describeRegistry(options: RegistryOptions): LocalPart {
  const { dataDir, java, logsDir, port, programDir } = options;
  mkdirSync(dataDir, { recursive: true });
  const jar = readdirSync(programDir).find((name) => name.endsWith('-runner.jar'));
  if (jar === undefined) throw new Error(`no registry in ${programDir}`);
  return {
    name: 'registry',
    title: 'The schema registry',
    command: java,
    args: [
      ...heap.registry,
      '-XX:+ExitOnOutOfMemoryError',
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.log.level=WARN',
      '-Dquarkus.banner.enabled=false',
      `-DREGISTRY_DATASOURCE_URL=${registryDatabase(join(dataDir, 'registry'))}`,
      // Twenty connections, the default, cost memory and a part of a second.
      '-Dquarkus.datasource.jdbc.initial-size=2',
      '-Dquarkus.datasource.jdbc.min-size=2',
      '-Dquarkus.datasource.jdbc.max-size=10',
      '-jar',
      join(programDir, jar),
    ],
    dir: dataDir,
    logFile: join(logsDir, 'registry.log'),
    answers: async () => httpAnswers(`${registryAddress(port)}/subjects`),
  };
}
