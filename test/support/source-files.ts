import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

import { projectDir } from '../../lib/config/state-file.ts';

/** A source file as the architecture test sees one. */
export interface SourceFile {
  /** From the project's folder, with slashes. */
  readonly path: string;
  readonly lines: number;
  /** Without comments, so that a rule does not stumble over what a comment says. */
  readonly code: string;
  readonly imports: readonly string[];
}

const passedBy = new Set(['node_modules', 'dist', '.git', '.freshet', 'data', 'definitions']);

/** Every TypeScript and JavaScript file of the project. */
export function sourceFiles(folder: string = projectDir): SourceFile[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return passedBy.has(entry.name) ? [] : sourceFiles(path);
    return /\.(ts|js)$/.test(entry.name) ? [sourceFile(path)] : [];
  });
}

function sourceFile(absolute: string): SourceFile {
  const text = readFileSync(absolute, 'utf8');
  const path = relative(projectDir, absolute).replaceAll('\\', '/');
  const code = withoutComments(text);
  return { path, code, lines: text.split('\n').length - 1, imports: importsOf(path, code) };
}

export const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');

const importPattern = /(?:^|[\s;])(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]/g;

/** What a file imports: paths from the project's folder, and names of packages. */
export const importsOf = (path: string, code: string): string[] =>
  [...code.matchAll(importPattern)].map(([, target = '']) =>
    target.startsWith('.') ? posix.join(dirname(path), target) : target,
  );
