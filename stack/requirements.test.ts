import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stackEnvironment } from './config.ts';
import { checkOutside } from './outside.ts';
import { checkNode, findEngine, findJava, findMaven } from './requirements.ts';

const dir = mkdtempSync(join(tmpdir(), 'freshet-requirements-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** An environment whose PATH holds nothing but these scripts. */
function machineWith(programs: Readonly<Record<string, string>>) {
  const path = mkdtempSync(join(dir, 'path-'));
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(path, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(path, name), 0o755);
  }
  return stackEnvironment({ PATH: path });
}

const oneLineWith = (cure: string): unknown =>
  expect.objectContaining({ message: expect.not.stringContaining('\n'), cure });

test.each(['v20.20.2', 'v22.17.9'])('Node %s is refused, with the command that cures it', (old) => {
  expect(() => checkNode(old)).toThrow('npm rebuild node --ignore-scripts=false');
});

test.each(['v22.18.0', 'v24.0.0'])('Node %s will do', (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test.each([
  ['absent', {}],
  ['broken', { java: 'exit 1' }],
  ['too old', { java: 'echo \'openjdk version "11.0.2"\' >&2' }],
  ['ancient', { java: 'echo \'java version "1.8.0_202"\' >&2' }],
])('Java that is %s is named with what cures it', async (_, programs) => {
  const cure = 'apt-get install openjdk-17-jre-headless (macOS: brew install openjdk@17)';
  await expect(findJava(machineWith(programs as Record<string, string>))).rejects.toEqual(
    oneLineWith(cure),
  );
});

test('Java 17 is found', async () => {
  const machine = machineWith({ java: 'echo \'openjdk version "17.0.15" 2025-04-15\' >&2' });
  await expect(findJava(machine)).resolves.toBe(join(machine.path, 'java'));
});

test('absent Maven is named with what cures it', () => {
  expect(() => findMaven(machineWith({}))).toThrow('Cure: apt-get install maven');
});

test('an engine counts only if it answers and has compose', async () => {
  const engine = async (docker: string) => findEngine(machineWith({ docker }).path);
  await expect(engine('exit 0')).resolves.toEqual([expect.stringMatching(/docker$/), 'compose']);
  await expect(engine('test "$1" != info')).resolves.toBeUndefined();
  await expect(engine('test "$1" != compose')).resolves.toBeUndefined();
});

test.each([
  ['FRESHET_KAFKA_BROKERS', 'localhost'],
  ['FRESHET_REGISTRY_URL', 'registry'],
  ['FRESHET_REDIS_URL', 'localhost:6379'],
])('%s=%s is refused as no address', async (variable, value) => {
  const environment = stackEnvironment({ [variable]: value });
  await expect(checkOutside(environment)).rejects.toThrow(`${variable}=${value} is not an address`);
});
