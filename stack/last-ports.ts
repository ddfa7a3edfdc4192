import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LastPorts } from './ports.ts';

/** Beside the data: a stack that goes on with it is found again by whatever still runs. */
const fileIn = (dataDir: string): string => join(dataDir, 'ports.json');

const schema = z.record(z.string(), z.number().int().min(1).max(65_535));

/** None where there was no stack, or what is written there makes no sense. */
export function readLastPorts(dataDir: string): LastPorts {
  try {
    return schema.parse(JSON.parse(readFileSync(fileIn(dataDir), 'utf8')));
  } catch {
    return {};
  }
}

/** Parts that run elsewhere this time keep what they had. */
export function writeLastPorts(dataDir: string, ports: LastPorts): void {
  const all = { ...readLastPorts(dataDir), ...ports };
  writeFileSync(fileIn(dataDir), `${JSON.stringify(all)}\n`);
}

export const forgetLastPorts = (dataDir: string): void => rmSync(fileIn(dataDir), { force: true });
