/** The figures as lines for people: one per figure, parts of a figure indented below it. */
export const report = (result: object): string => linesOf(result, '').join('\n');

function linesOf(result: object, indent: string): string[] {
  return Object.entries(result).flatMap(([name, value]: [string, unknown]) => {
    const label = `${indent}${name.replaceAll('_', ' ')}`;
    if (typeof value !== 'object' || value === null)
      return [`${label.padEnd(42)} ${String(value)}`];
    return [label, ...linesOf(value, `${indent}  `)];
  });
}
