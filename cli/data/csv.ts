/** The cells of one record as RFC 4180 has them; null: a quoted cell is not closed (yet). */
export function cellsOf(text: string): string[] | null {
  if (!text.includes('"')) return text.split(',');
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(',', at);
      if (end < 0) return [...cells, text.slice(at)];
      cells.push(text.slice(at, end));
      at = end + 1;
      continue;
    }
    const end = closingQuote(text, at + 1);
    if (end < 0) return null;
    cells.push(text.slice(at + 1, end).replaceAll('""', '"'));
    at = end + 1;
    if (at >= text.length) return cells;
    // Whatever stands between the quote and the comma is no part of the cell; few writers do it.
    const comma = text.indexOf(',', at);
    if (comma < 0) return cells;
    at = comma + 1;
  }
}

/** Where the quoted cell that begins at `from` ends; a doubled quote is a quote. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
