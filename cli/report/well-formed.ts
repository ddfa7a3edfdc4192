/** For tests: complains of anything that an XML parser would: open or crossed elements, bare < or &. */
export const faultOf = (page: string): string | null => {
  const open: string[] = [];
  const style = /<style>[^<]*<\/style>/;
  let rest = page.replace('<!DOCTYPE html>\n', '').replace(style, '');
  while (rest !== '') {
    const text = /^[^<]+/.exec(rest)?.[0] ?? '';
    if (/&(?!(amp|lt|gt|quot|#39);)/.test(text)) return `bare & in ${text}`;
    rest = rest.slice(text.length);
    if (rest === '') break;
    const tag = /^<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?: [a-zA-Z-]+="[^"<]*")*)( ?\/)?>/.exec(rest);
    if (tag === null) return `no tag: ${rest.slice(0, 80)}`;
    const [whole, isEnd, name = '', attributes = '', isEmpty] = tag;
    const names = [...attributes.matchAll(/ ([a-zA-Z-]+)=/g)].map(([, one]) => one);
    if (new Set(names).size !== names.length) return `an attribute twice: ${whole}`;
    if (/&(?!(amp|lt|gt|quot|#39);)/.test(attributes)) return `bare & in ${whole}`;
    if (isEnd === '/') {
      const was = open.pop();
      if (was !== name) return `</${name}> ends <${was}>`;
    } else if (isEmpty === undefined) open.push(name);
    rest = rest.slice(whole.length);
  }
  return open.length === 0 ? null : `<${open.join('> <')}> not ended`;
};
