/** Text of a TypeScript module for one Avro schema. Pure; generate.ts has the hands. */

interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly doc?: string;
}

type AvroType =
  | string
  | readonly AvroType[]
  | {
      readonly type: AvroType;
      readonly name?: string;
      readonly doc?: string;
      readonly logicalType?: string;
      readonly fields?: readonly AvroField[];
      readonly items?: AvroType;
      readonly values?: AvroType;
      readonly symbols?: readonly string[];
    };

const primitives: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  string: 'string',
  bytes: 'Buffer',
};

/** A doc comment, wrapped so that no line grows past what the project allows. */
function comment(doc: string | undefined): string {
  if (doc === undefined) return '';
  if (doc.length <= 88) return `/** ${doc} */\n`;
  const lines = [''];
  for (const word of doc.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length > 88) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`;
}

/** Records met on the way are added to `interfaces`, innermost first. */
function typeText(type: AvroType, interfaces: string[]): string {
  if (typeof type === 'string') return primitives[type] ?? type;
  if ('length' in type) return type.map((branch) => typeText(branch, interfaces)).join(' | ');
  const inner = (part: AvroType | undefined): string => {
    if (part === undefined) throw new Error('an array or a map does not say of what');
    const text = typeText(part, interfaces);
    return text.includes('|') ? `(${text})` : text;
  };
  if (type.type === 'array') return `readonly ${inner(type.items)}[]`;
  if (type.type === 'map') return `Readonly<Record<string, ${inner(type.values)}>>`;
  if (type.type === 'enum') return (type.symbols ?? []).map((one) => `'${one}'`).join(' | ');
  if (type.type !== 'record') return typeText(type.type, interfaces);
  const { name, fields = [] } = type;
  if (name === undefined) throw new Error('a record has no name');
  const lines = fields.map((field) => {
    const text = typeText(field.type, interfaces);
    return `${comment(field.doc)}readonly ${field.name}: ${text};`;
  });
  interfaces.push(`${comment(type.doc)}export interface ${name} {\n${lines.join('\n')}\n}`);
  return name;
}

/** 'user-event.avsc' gives `userEventSchema`. */
export const constantName = (file: string): string =>
  `${file.replace(/\.avsc$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Schema`;

export function renderModule(file: string, source: string): string {
  const schema = JSON.parse(source) as AvroType;
  const interfaces: string[] = [];
  typeText(schema, interfaces);
  return [
    `// Generated from schemas/avro/${file} by \`npm run generate\`. Do not edit.`,
    '',
    ...interfaces.flatMap((text) => [text, '']),
    `/** The schema as it is registered. */`,
    `export const ${constantName(file)} = ${JSON.stringify(schema)} as const;`,
    '',
  ].join('\n');
}
