import Table from 'cli-table3';

const lines =
  'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid ' +
  'mid-mid right right-mid middle';
const noLines = Object.fromEntries(lines.split(' ').map((name) => [name, '']));

/** Columns under their heads, without lines or colours: as good in a file as in a terminal. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const table = new Table({
    head: [...head],
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const row of rows) table.push([...row]);
  const text = table.toString();
  return text.replaceAll(/ +$/gm, '');
}
