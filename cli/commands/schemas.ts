import type { Command } from 'commander';
import { registerSchema } from '../../lib/avro/register.ts';
import { type CommonConfig, commonConfig } from '../../lib/config/common.ts';
import { UserError } from '../../lib/errors.ts';
import { checkSchemas, recordSchemas, type SchemaReport, schemaText } from '../../schemas/check.ts';
import { topics } from '../../topics/all.ts';
import { topicName } from '../../topics/topic.ts';
import { print } from '../output.ts';

export interface AppliedSchema {
  readonly subject: string;
  readonly schema: string;
  /** Null: refused. */
  readonly id: number | null;
  readonly refusal: string | null;
}

/** Registers every topic's schema. What the registry refuses is reported, and the rest goes on. */
export async function applySchemas(config: CommonConfig): Promise<AppliedSchema[]> {
  const applied: AppliedSchema[] = [];
  for (const topic of topics) {
    const subject = `${topicName(config.prefix, topic)}-value`;
    const { schema } = topic;
    try {
      // Spacing is not part of a schema; services look theirs up by this very text.
      const text = JSON.stringify(JSON.parse(schemaText(schema)));
      const id = await registerSchema(config.registry, subject, text);
      applied.push({ subject, schema, id, refusal: null });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      applied.push({ subject, schema, id: null, refusal: error.message });
    }
  }
  return applied;
}

function report(json: boolean, schemas: readonly SchemaReport[], fine: string): void {
  const faults = schemas.filter(({ fault }) => fault !== null);
  if (json || faults.length === 0) print({ json }, { schemas, faults: faults.length }, fine);
  for (const { name, fault } of faults) console.error(`freshet: ${name}.avsc ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

async function apply({ json = false }: { json?: boolean }): Promise<void> {
  const config = commonConfig();
  const applied = await applySchemas(config);
  const refused = applied.filter(({ id }) => id === null);
  const lines = applied
    .filter(({ id }) => id !== null)
    .map(({ subject, id }) => `${subject} has id ${id}`);
  if (json || lines.length > 0) {
    print({ json }, { applied, refused: refused.length }, lines.join('\n'));
  }
  for (const { refusal } of refused) console.error(`freshet: ${refusal}`);
  process.exitCode = refused.length > 0 ? 1 : 0;
}

export function registerSchemaCommands(program: Command): void {
  const command = program.command('schemas').description('publish Avro schemas, and check them');
  command
    .command('apply')
    .description('register every schema under its topic, as BACKWARD_TRANSITIVE')
    .option('--json', 'print JSON')
    .action(apply);
  command
    .command('check')
    .description('prove without a registry that each schema reads all its published versions')
    .option('--json', 'print JSON')
    .action(({ json = false }: { json?: boolean }) => {
      const schemas = checkSchemas();
      report(json, schemas, `all ${schemas.length} schemas read what they ever wrote`);
    });
  command
    .command('record')
    .description('add changed schemas to schemas/history, if they read what was published before')
    .option('--json', 'print JSON')
    .action(({ json = false }: { json?: boolean }) => {
      const recorded = recordSchemas();
      const names = recorded.map(({ name, versions }) => `${name} is version ${versions}`);
      report(json, recorded, names.length === 0 ? 'nothing has changed' : names.join('\n'));
    });
}
