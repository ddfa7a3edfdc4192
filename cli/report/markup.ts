/** Text that is markup already, as opposed to text that has yet to be escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Inserted = string | number | Markup | readonly Inserted[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const textOf = (value: Inserted): string => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return (value as readonly Inserted[]).map(textOf).join('');
  return `${value as string | number}`.replace(
    /[&<>"']/g,
    (character) => entities[character] ?? '',
  );
};

/** Markup with values put in, escaped whatever they hold; only markup goes in as it is. */
export const html = (parts: TemplateStringsArray, ...values: readonly Inserted[]): Markup =>
  new Markup(
    parts.reduce((text, part, index) => text + textOf(values[index - 1] as Inserted) + part),
  );
