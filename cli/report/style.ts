/** Colours that people with any colour vision can tell apart, for light and for dark. */
const light = [
  '#2a78d6',
  '#1a9a6c',
  '#c77f00',
  '#4a3aa7',
  '#d93f3e',
  '#0b6b0b',
  '#d0558f',
  '#b5531c',
];
const dark = [
  '#5b9ef0',
  '#2fbd8b',
  '#e0a020',
  '#a598f5',
  '#f07b78',
  '#5fb95f',
  '#ea83b3',
  '#ec8a52',
];

const named = (colours: readonly string[]): string =>
  colours.map((colour, series) => `--s${series}:${colour};`).join('');
const classes = light.map((_, series) => `.s${series}{--c:var(--s${series})}`).join('\n');

const onLight = `--page:#fcfcfb;--ink:#1b1b1a;--soft:#5c5b57;--rule:#dddbd5;--band:#f2f1ee;${named(light)}`;

export const style = `
:root{${onLight}}
@media (prefers-color-scheme:dark){:root{--page:#191918;--ink:#f2f1ee;--soft:#b3b1aa;--rule:#3b3a37;--band:#252422;${named(dark)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:20px 16px 48px}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 12px;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:36px 0 8px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}
dt{color:var(--soft)} dd{margin:0;overflow-wrap:anywhere}
.aside{color:var(--soft);font-size:.87rem;max-width:75ch}
.wide{overflow-x:auto;position:relative}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem;margin-bottom:12px}
th,td{padding:5px 12px;text-align:right;vertical-align:top;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child{text-align:left} th{font-weight:500}
thead th{font-weight:600;vertical-align:bottom}
th small,td small{display:block;color:var(--soft);font-weight:400;font-size:.8rem}
tbody th small{white-space:normal;max-width:48ch}
.results th:first-child{position:sticky;left:0;background:var(--page);z-index:1}
.results{min-width:100%}
.group th,.results .group th:first-child{background:var(--band);color:var(--soft);font-weight:600;font-size:.82rem}
.group span{position:sticky;left:12px}
.best{font-weight:600} .dot{color:var(--s0);margin-left:4px;font-size:.7em;vertical-align:middle}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:16px 28px}
figure{margin:0;min-width:0} figcaption{font-weight:600;margin-bottom:4px}
.plot{width:100%;height:auto;display:block;max-width:620px}
.plot text{fill:var(--soft);font-size:12.5px} .plot .note{font-size:11px} .plot .label{fill:var(--ink)}
.grid{stroke:var(--rule);stroke-width:1} .axis{stroke:var(--soft);stroke-width:1}
.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round} .dashed{stroke-dasharray:5 4}
.bar{stroke:var(--c);stroke-width:2;opacity:.55}
.stretch{fill:var(--c);opacity:.18;stroke:none}
.level{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 4;fill:none}
.plot .over{paint-order:stroke;stroke:var(--page);stroke-width:3px}
.mark{fill:var(--c);stroke:var(--page);stroke-width:1.5}
.mark.hollow{fill:var(--page);stroke:var(--c)}
.legend{display:flex;flex-wrap:wrap;gap:2px 20px;list-style:none;margin:0 0 10px;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:6px;overflow-wrap:anywhere}
.legend svg{flex:none}
.said{font-size:1.1rem;line-height:1.45;max-width:75ch;border-left:4px solid var(--soft);padding:2px 0 2px 14px;margin:12px 0 18px;overflow-wrap:anywhere}
.said.good{border-color:var(--s1)} .said.bad{border-color:var(--s4)}
.state{display:inline-block;border:1px solid var(--soft);border-radius:4px;padding:0 8px;font-size:.85rem;font-weight:500;vertical-align:middle}
.alarm{color:var(--s4);font-weight:600}
pre{background:var(--band);padding:10px 12px;overflow-x:auto;font-size:.82rem;line-height:1.4;border-radius:4px}
.names td{text-align:left;white-space:normal;overflow-wrap:anywhere}
p{max-width:75ch;overflow-wrap:anywhere}
details{margin-top:4px;font-size:.9rem} summary{color:var(--soft);cursor:pointer}
@media (max-width:520px){th,td{padding:4px 8px}dl{grid-template-columns:1fr;gap:0}dt{margin-top:8px;font-size:.85rem}tbody th small{max-width:20ch}.results tbody th small{display:none}}
@media print{details{display:none}pre{white-space:pre-wrap}section{break-inside:avoid}:root{${onLight}--page:#fff}}
${classes}
`;
