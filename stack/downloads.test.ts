import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mavenError, mavenProgress } from './downloads.ts';
import { versions } from './settings.ts';

test("Maven's progress is the file that it fetches, and how much of it", () => {
  const log =
    'Downloading from central: https://repo/a/a-1.pom\nProgress (1): 3 kB\r' +
    'Downloading from central: https://repo/b/b-2.jar\nProgress (1): 1/9 MB\rProgress (1): 4/9 MB\r';
  expect(mavenProgress(log)).toBe('Downloading b-2.jar (4/9 MB)');
  expect(mavenProgress('[INFO] Scanning for projects...\n')).toBeUndefined();
});

test('of its complaints the innermost is told', () => {
  const log =
    '[ERROR] Plugin p:1 could not be resolved: Could not transfer artifact p:pom:1 from/to central ' +
    '(https://repo): transfer failed for https://repo/p.pom: Connection refused -> [Help 1]\n';
  expect(mavenError(log)).toBe('central (https://repo): Connection refused');
  expect(mavenError('[ERROR] Disk full -> [Help 1]')).toBe('Disk full');
});

test('Maven fetches the versions that containers run', () => {
  const pom = readFileSync(new URL('./pom.xml', import.meta.url), 'utf8');
  expect(pom).toMatch(new RegExp(`kafka_2.13</artifactId>\\s*<version>${versions.kafka}<`));
  expect(pom).toMatch(new RegExp(`registry-app</artifactId>\\s*<version>${versions.registry}<`));
});
