/** Tables of a page: read as tables, sorted where the browser may, and cards where the screen is narrow. */
import { html, Markup } from "./markup.js";

export interface PageColumn<T> {
  readonly key: string;
  readonly title: string;
  /** `name` tells the rows apart. A `share` has a picture. */
  readonly kind: "name" | "text" | "number" | "share" | "time";
  readonly value: (row: T) => Markup | string;
  /** What it is sorted by, where that is not what is read; null comes last. */
  readonly order?: (row: T) => number | null;
}

const ROWS_AT_ONCE = 100;

/**
 * Roles are said although the elements have them: some browsers forget them where a style lays a table out as cards.
 *
 * @param sortedBy the column that the rows are sorted by already, if it is one
 */
export function* pageTable<T>(
  rows: readonly T[],
  columns: readonly PageColumn<T>[],
  sortedBy: string,
): Generator<Markup> {
  if (rows.length === 0) {
    yield html`<p class="soft">None.</p>\n`;
    return;
  }
  const heads = columns.map((column) => {
    const sorted = column.key === sortedBy ? html` aria-sort="${isText(column) ? "ascending" : "descending"}"` : null;
    return html`<th role="columnheader" scope="col" class="${column.kind}" data-order="${isText(column) ? "text" : "number"}"${sorted}>${column.title}</th>`;
  });
  yield html`<table role="table">
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
`;
  for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
    yield new Markup(
      rows
        .slice(first, first + ROWS_AT_ONCE)
        .map((row) => html`<tr role="row">${columns.map((column) => cellOf(row, column))}</tr>\n`.text)
        .join(""),
    );
  }
  yield html`</tbody>\n</table>\n`;
}

function cellOf<T>(row: T, { kind, title, value, order }: PageColumn<T>): Markup {
  if (kind === "name") {
    return html`<th role="rowheader" scope="row">${value(row)}</th>`;
  }
  const label = kind === "text" || kind === "share" ? null : html` data-label="${title}"`;
  const place = order?.(row) ?? null;
  const sorted = place === null ? null : html` data-value="${place}"`;
  return html`<td role="cell" class="${kind}"${label}${sorted}>${value(row)}</td>`;
}

function isText<T>({ kind }: PageColumn<T>): boolean {
  return kind === "name" || kind === "text";
}
