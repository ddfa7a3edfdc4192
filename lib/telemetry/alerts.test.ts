import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { metricDeclarations } from './names.ts';

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}
const file = new URL('../../deploy/prometheus/alerts.yaml', import.meta.url);
const rules = (parse(readFileSync(file, 'utf8')) as Rules).groups.flatMap((group) => group.rules);
const declared = new Set<string>(
  Object.entries(metricDeclarations).flatMap(([name, { type }]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

test('every alert is about metrics that there are', () => {
  expect(rules.length).toBeGreaterThan(0);
  for (const { alert, expr } of rules)
    for (const [name] of expr.matchAll(/freshet_[a-z_]+/g))
      expect(declared.has(name), `${alert}: ${name}`).toBe(true);
});

test('every alert says how bad it is, what it means, and where its runbook lies', () => {
  for (const { alert, annotations, labels } of rules) {
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(annotations['summary'], alert).toBeTruthy();
    expect(annotations['description'], alert).toBeTruthy();
    expect(annotations['runbook_url']).toBe(`runbooks/${alert}.md`);
  }
});
