import { InvalidArgumentError } from 'commander';

export type Attributes = Readonly<Record<string, string>>;

/** `--attribute name=value`, as often as it is given. */
export function addAttribute(text: string, before: Attributes): Attributes {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError("must be name=value, for instance 'country=France'.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
