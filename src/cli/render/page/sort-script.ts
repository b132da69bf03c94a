/**
 * What a page can do beside being read: its tables are sorted by the column whose head is pressed. Nothing that is in
 * the page depends on it.
 */
export const SORT_SCRIPT = `
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const valueOf = (cell, isText) => {
    const text = cell.dataset.value ?? cell.textContent;
    return text === "–" ? null : isText ? text : Number.parseFloat(text.replaceAll(",", ""));
  };
  const sortBy = (column) => {
    const head = heads[column];
    const isText = head.dataset.order === "text";
    const now = head.getAttribute("aria-sort");
    const ascending = now === null ? isText : now === "descending";
    const rows = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[column], isText) }));
    const compare = isText ? new Intl.Collator("en", { numeric: true }).compare : (a, b) => a - b;
    rows.sort((a, b) => {
      if (a.value === null || b.value === null) {
        return (a.value === null) - (b.value === null);
      }
      return ascending ? compare(a.value, b.value) : compare(b.value, a.value);
    });
    for (const other of heads) {
      other.removeAttribute("aria-sort");
    }
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    for (const { row } of rows) {
      body.append(row);
    }
  };
  table.classList.add("sortable");
  for (const [column, head] of heads.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(column));
    head.append(button);
  }
}
`;
