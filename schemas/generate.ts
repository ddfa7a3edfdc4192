/**
 * Writes schemas/generated/<name>.ts from schemas/avro/<name>.avsc: the TypeScript types of the
 * record and of the records in it, and the schema itself as a constant. The output depends on the
 * .avsc files alone, so that `--check` can prove it fresh.
 *
 *   node schemas/generate.ts           writes what changed, removes what has no schema any more
 *   node schemas/generate.ts --check   exits 1 and names the stale files
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { renderModule } from './render.ts';

const avroFolder = new URL('./avro/', import.meta.url);
const generatedFolder = new URL('./generated/', import.meta.url);

/** The formatter's own binary, so that the output is what `npm run check` wants to see. */
async function format(name: string, source: string): Promise<string> {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const arguments_ = [biome, 'format', `--stdin-file-path=schemas/generated/${name}`];
  const root = fileURLToPath(new URL('..', import.meta.url));
  const running = promisify(execFile)(process.execPath, arguments_, { cwd: root });
  running.child.stdin?.end(source);
  return (await running).stdout;
}

async function generate(): Promise<Map<string, string>> {
  const names = readdirSync(avroFolder).filter((name) => name.endsWith('.avsc'));
  const files = names.toSorted().map(async (name): Promise<[string, string]> => {
    const module = renderModule(name, readFileSync(new URL(name, avroFolder), 'utf8'));
    const target = name.replace(/\.avsc$/, '.ts');
    return [target, await format(target, module)];
  });
  return new Map(await Promise.all(files));
}

function readGenerated(): Map<string, string> {
  const names = readdirSync(generatedFolder).filter((name) => name.endsWith('.ts'));
  return new Map(names.map((name) => [name, readFileSync(new URL(name, generatedFolder), 'utf8')]));
}

const wanted = await generate();
const present = readGenerated();
const orphans = [...present.keys()].filter((name) => !wanted.has(name));
const stale = [...wanted].filter(([name, text]) => present.get(name) !== text);
if (process.argv.includes('--check')) {
  const names = [...stale.map(([name]) => name), ...orphans].toSorted();
  for (const name of names) {
    console.error(`schemas/generated/${name} is stale: run \`npm run generate\``);
  }
  process.exitCode = names.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of stale) writeFileSync(new URL(name, generatedFolder), text);
  for (const name of orphans) rmSync(new URL(name, generatedFolder));
  console.log(`schemas/generated: ${stale.length} written, ${orphans.length} removed`);
}
