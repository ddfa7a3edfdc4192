import type { Item } from '../schemas/generated/item.ts';

/** Terms kept per item: enough for a title, and a bound on what one item can cost. */
export const termsMax = 24;
/** Of these, so that ten thousand categories leave room for the rest. */
const categoriesMax = 8;
const attributesMax = 8;
/** A title is a line; what is longer is not read on. */
const titleCharsMax = 1_024;
/** Longer ones are descriptions, which no two items share. */
const termCharsMax = 64;

const words = /[\p{L}\p{M}\p{N}]+/gu;

const tidy = (text: string): string => text.normalize('NFKC').toLowerCase();

/** One after another until `most` more are there or the item has its fill. */
const addAll = (terms: Set<string>, found: Iterable<string>, most: number): void => {
  const until = Math.min(termsMax, terms.size + most);
  if (terms.size >= until) return;
  for (const term of found) {
    if (term.length <= termCharsMax) terms.add(term);
    if (terms.size >= until) return;
  }
};

function* categoryTerms({ categories }: Item): Generator<string> {
  for (const name of categories) if (name.length <= termCharsMax) yield `/${tidy(name)}`;
}

function* attributeTerms({ attributes }: Item): Generator<string> {
  for (const name in attributes) {
    const value = attributes[name] as string;
    if (name.length + value.length <= termCharsMax) yield `${tidy(name)}=${tidy(value)}`;
  }
}

function* titleTerms({ title }: Item): Generator<string> {
  for (const [word] of tidy(title.slice(0, titleCharsMax)).matchAll(words)) yield word;
}

/**
 * What an item is about, as distinct terms: categories (`/lamps`), attributes (`colour=red`) and
 * the words of its title. A category is never taken for a word. None: nothing is known of it.
 */
export const termsOf = (item: Item): readonly string[] => {
  const terms = new Set<string>();
  addAll(terms, categoryTerms(item), categoriesMax);
  addAll(terms, attributeTerms(item), attributesMax);
  addAll(terms, titleTerms(item), termsMax);
  return [...terms];
};
