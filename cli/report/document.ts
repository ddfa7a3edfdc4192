import { html, Markup } from './markup.ts';
import { style } from './style.ts';

/** One file that asks for nothing else, now or in years; in light and in dark, narrow and printed. */
export const documentHtml = (title: string, body: Markup): string =>
  html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${title}</title>
<style>${new Markup(style)}</style></head>
<body><main>
${body}
</main></body></html>
`.text;
