import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalPart } from './local-part.ts';
import { httpAnswers } from './probes.ts';

const folderOf = (dataDir: string): string => join(dataDir, 'prometheus');

/** Says which services to scrape, as host:port. Prometheus notices by itself. */
export function writePrometheusTargets(dataDir: string, targets: readonly string[]): void {
  const folder = folderOf(dataDir);
  mkdirSync(folder, { recursive: true });
  const fresh = join(folder, `targets.json.${process.pid}`);
  writeFileSync(fresh, `${JSON.stringify([{ targets }])}\n`);
  renameSync(fresh, join(folder, 'targets.json'));
}

/** The container finds the same folder elsewhere, so the path is relative to this file. */
export function writePrometheusConfig(dataDir: string): void {
  const folder = folderOf(dataDir);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global:
  scrape_interval: 5s
scrape_configs:
  - job_name: freshet
    file_sd_configs:
      - files: [targets.json]
        refresh_interval: 5s
`,
  );
}

export interface PrometheusOptions {
  readonly program: string;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly port: number;
}

export function describePrometheus(options: PrometheusOptions): LocalPart {
  const { dataDir, logsDir, port, program } = options;
  writePrometheusConfig(dataDir);
  const dir = folderOf(dataDir);
  return {
    name: 'prometheus',
    title: 'Prometheus',
    command: program,
    args: [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'series')}`,
      '--storage.tsdb.retention.time=2d',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    dir,
    logFile: join(logsDir, 'prometheus.log'),
    answers: async () => httpAnswers(`http://127.0.0.1:${port}/-/ready`),
  };
}
