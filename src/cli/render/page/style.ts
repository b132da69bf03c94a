/** How pages look: on paper, on a phone, on a desk; in light and in the dark; with the fonts that are there. */
import { DARK, LIGHT, propertiesOf } from "./palette.js";

export const STYLE = `
:root { color-scheme: light dark; ${propertiesOf(LIGHT)} }
@media screen and (prefers-color-scheme: dark) { :root { ${propertiesOf(DARK)} } }
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 56px; }
h1, h2, p, figure, dl, dd, ol { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; }
h2 { font-size: 16px; line-height: 1.4; font-weight: 600; }
header { margin-bottom: 28px; }
header p { margin-top: 6px; }
.soft, footer, small { color: var(--soft); font-size: 13px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin-top: 16px; }
.card > .soft { margin-top: 2px; }
.pair { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); gap: 16px; }
.pair > .card { display: flex; flex-direction: column; container-type: inline-size; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 16px; }
.figures > div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 20px; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { font-size: 28px; line-height: 1.25; font-weight: 600; letter-spacing: -0.02em; }
.figures dd + dd { color: var(--soft); font-size: 13px; line-height: 1.5; font-weight: 400; letter-spacing: 0; }

svg { display: block; overflow: visible; }
.bar { width: 100%; height: 10px; }
.bar rect { stroke: var(--card); stroke-width: 2px; }
.mastered { fill: var(--mastered); }
.learning { fill: var(--learning); }
.rest { fill: var(--rest); }
.spark { width: 72px; height: 20px; margin-left: auto; }
.spark path, .columns rect { fill: var(--activity); }

.whole { margin: auto 0; padding-top: 16px; }
.whole .bar { height: 22px; }
.legend { display: grid; gap: 8px; margin-top: 18px; }
.legend > div { display: grid; grid-template-columns: 12px 1fr auto 3.2em; gap: 10px; align-items: center; }
.legend svg { width: 12px; height: 12px; }
.legend dd { text-align: right; font-weight: 600; }
.legend dd + dd { color: var(--soft); font-weight: 400; }

.columns { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); align-items: end; margin-top: auto; padding-top: 20px; list-style: none; }
.columns li { text-align: center; font-size: 12px; line-height: 1.4; }
.columns svg { width: 72%; max-width: 44px; margin: 3px auto 0; }
.columns .label { display: block; height: 24px; padding-top: 6px; border-top: 1px solid var(--line); color: var(--soft); white-space: nowrap; }

table { width: 100%; border-collapse: collapse; margin-top: 12px; font-size: 14px; }
th, td { padding: 6px 12px; text-align: left; vertical-align: middle; border-top: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; padding-top: 4px; color: var(--soft); font-size: 13px; font-weight: 500; vertical-align: bottom; }
tbody th, tbody td.text { font-weight: 500; overflow-wrap: anywhere; }
tbody td.text + th { color: var(--soft); font-weight: 400; }
.number { width: 1%; text-align: right; white-space: nowrap; }
.time { width: 1%; white-space: nowrap; }
.share { width: 16%; white-space: nowrap; }
table:not(:has(.text)) .share { width: 36%; }
.also { display: none; }
tbody .share > span { display: grid; grid-template-columns: 1fr 3em; gap: 8px; align-items: center; text-align: right; }
tbody tr:hover { background: color-mix(in srgb, var(--line) 35%, transparent); }
button { all: unset; cursor: pointer; color: inherit; border-radius: 3px; }
button:hover { color: var(--ink); }
button:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
th[aria-sort] button { color: var(--ink); font-weight: 600; }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }

footer { margin-top: 28px; }
footer p + p { margin-top: 6px; }
code { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }

@media screen and (max-width: 860px) {
  main { padding: 28px 16px 40px; }
  .pair { grid-template-columns: minmax(0, 1fr); gap: 0; }
  h1 { font-size: 26px; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; }
  .figures > :first-child:nth-last-child(odd) { grid-column: 1 / -1; }
  .card { padding: 16px; margin-top: 12px; }
  .figures > div { padding: 12px 16px; }
  table, tbody, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .sortable thead { position: static; display: block; width: auto; height: auto; clip-path: none; }
  .sortable thead tr { display: flex; flex-wrap: wrap; gap: 6px; margin-bottom: 14px; }
  .sortable thead th { display: block; width: auto; padding: 0; }
  .sortable thead button { padding: 4px 10px; border: 1px solid var(--line); border-radius: 14px; }
  .sortable thead th[aria-sort] button { border-color: var(--soft); }
  tbody tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); grid-auto-flow: dense; gap: 6px 8px; padding: 14px 0; border-top: 1px solid var(--line); }
  tbody tr:hover { background: none; }
  tbody th, tbody td { padding: 0; border: 0; text-align: left; }
  tbody th, tbody td.text, tbody .share { grid-column: 1 / -1; width: auto; }
  tbody td.text, tr > th:first-child { font-weight: 600; }
  tbody td.text + th { margin-top: -4px; }
  tbody .share > span { grid-template-columns: 1fr auto; padding: 2px 0; }
  .also { display: inline; }
  tbody .time { grid-column: span 2; }
  .spark { margin: 2px 0 0; }
  tbody td[data-label]::before { content: attr(data-label); display: block; color: var(--soft); font-size: 12px; line-height: 1.3; }
}
@container (max-width: 480px) {
  .columns li:nth-last-child(even) .label { color: transparent; }
  .columns li { font-size: 11px; }
}
@media print {
  @page { margin: 14mm 12mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; color: ${LIGHT.soft}; } }
  body { background: none; font-size: 9.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 20pt; }
  .card, .figures > div { border-color: ${LIGHT.line}; }
  .card { padding: 12px 14px; }
  .figures { grid-template-columns: repeat(5, 1fr); gap: 8px; }
  .figures > div { padding: 8px 12px; }
  .figures dd { font-size: 16pt; }
  .figures dt, .figures dd + dd, .soft, footer { font-size: 8pt; }
  .figures, .pair, .columns, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .list { border: 0; padding: 0; margin-top: 20px; }
  table { font-size: 8.5pt; }
  thead { display: table-header-group; break-inside: avoid; }
  thead th { font-size: 8pt; }
  th, td { padding: 4px 6px; }
  .share { width: 14%; }
  .spark { width: 60px; }
  /* A head with boxes of buttons in it would not be repeated on every page. */
  thead button { display: contents; }
  thead button::after { display: none; }
}
`;
