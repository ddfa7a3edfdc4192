import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { parseExperiment } from '../../experiments/definition.ts';
import { projectDir, writeStateFile } from '../../lib/config/state-file.ts';
import { modelVersion, parseModel } from '../../models/definitions.ts';
import { kinds } from '../../models/kinds.ts';
import { experimentsConfig } from '../../services/experiments/config.ts';
import { assess } from '../experiments/assessed.ts';
import { madeUp } from '../experiments/fixtures.ts';
import { demoExperiment, demoSettings, experimentResult, experimentText } from './experiment.ts';

const folder = mkdtempSync(join(tmpdir(), 'freshet-experiment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (name: string): string =>
  readFileSync(join(projectDir, 'definitions', `${name}.json`), 'utf8');
const modelIn = (name: string) => {
  const model = parseModel(textOf(name), kinds);
  if (!model.ok) throw new Error(model.faults.join());
  return model.value;
};

test('the experiment compares two blends of one learning', () => {
  const experiment = parseExperiment(textOf(`experiments/${demoExperiment}`));
  if (!experiment.ok) throw new Error(experiment.faults.join());
  expect(experiment.value.experiment).toBe(demoExperiment);
  const [control, other] = [modelIn('blend'), modelIn('experiments/blend-eight')];
  expect(experiment.value.variants.map(({ model }) => model)).toEqual(['blend', 'blend-eight']);
  expect(other.learning).toEqual(control.learning);
  expect(modelVersion(other).version).not.toBe(modelVersion(control).version);
  expect(other.retrieval).not.toEqual(control.retrieval);
});

test('every command reads figures with the lateness that the services were started with', () => {
  const stateFile = join(folder, 'stack.json');
  const addresses = { kafkaBrokers: 'h:1', registryUrl: 'http://h:2', redisUrl: 'redis://h:3' };
  writeStateFile(
    { mode: 'outside', addresses, processes: {}, dataDir: folder, settings: demoSettings },
    stateFile,
  );
  const environment = { FRESHET_STATE_FILE: stateFile };
  expect(experimentsConfig(environment).latenessMs).toBe(2_000);
  const said = { ...environment, FRESHET_EXPERIMENTS_LATENESS_MS: '7000' };
  expect(experimentsConfig(said).latenessMs).toBe(7_000);
  const elsewhere = { FRESHET_STATE_FILE: join(folder, 'none.json') };
  expect(experimentsConfig(elsewhere).latenessMs).toBe(300_000);
});

test('the summary has the users, the sample ratio and the interval', () => {
  const result = experimentResult(assess(madeUp({ users: 20_000, means: [0.4, 0.46] })));
  expect(result).toMatchObject({
    experiment_users: 44_000,
    experiment_entered: 40_000,
    srm_p: 1,
    experiment_difference: 0.06,
  });
  expect(result.experiment_low).toBeLessThan(0.06);
  expect(result.experiment_high).toBeGreaterThan(0.06);
  expect(result.experiment_interval_missing).toBeNull();
  expect(experimentText(result)).toMatch(
    /44,000 users .*40,000 counted.*\+0\.060.*between \+0\.0\d\d and \+0\.0\d\d/,
  );
});

test('without an interval it says what there is too little of', () => {
  const result = experimentResult(assess(madeUp({ users: 20 })));
  expect(result).toMatchObject({
    experiment_difference: null,
    experiment_low: null,
    experiment_high: null,
  });
  const users = "too few users whose time is over: 20 of variant 'same', 100 needed of each";
  expect(result.experiment_interval_missing).toBe(users);
  expect(experimentText(result)).toContain(`no interval: ${users}`);
  const rarely = experimentResult(assess(madeUp({ users: 1_000, means: [0.4, 0.01] })));
  expect(rarely.experiment_low).toBeNull();
  expect(rarely.experiment_interval_missing).toMatch(
    /^too few bought what they were shown: \d+ of variant 'newer', 30 needed of each$/,
  );
});
