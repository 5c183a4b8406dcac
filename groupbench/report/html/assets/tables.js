// Tables: real ones, in a box of their own that scrolls.
function tableBox(caption, headings, bodyRows, name) {
  const table = make("table", { id: name }, make("caption", {}, make("span", {}, caption)),
    make("thead", {}, make("tr", {}, headings)), make("tbody", {}, bodyRows));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
}
const heading = (text, kind = "") => make("th", { scope: "col", class: kind }, text);
const cell = (content, kind = "") => make("td", { class: kind }, content);
const rowHead = (...content) => make("th", { scope: "row" }, ...content);
const plainTable = (caption, titles, rows, name) => tableBox(caption, titles.map((t) => heading(...[t].flat())), rows, name);
const note = (...text) => make("p", { class: "note" }, ...text);

// A table whose columns sort; a column is {key, title, kind, value(row), show(row), first}.
function sortable(caption, columns, rows, name) {
  const usual = columns.find((c) => c.key === "metric");
  const by = columns.find((c) => c.key === state.sort) || usual;
  const descending = (state.dir || by.first || "asc") === "desc";
  const sorted = sortRows(rows, by, descending);
  const headings = columns.map((column) => {
    const own = column === by;
    return make("th", { scope: "col", class: column.kind, "aria-sort": own ? (descending ? "descending" : "ascending") : null },
      make("button", { type: "button", "data-sort": column.key, title: column.about, on: { click: () => sortBy(column, own, descending) } },
        column.title, make("span", { class: "arrow", "aria-hidden": "true" }, own ? (descending ? "▼" : "▲") : "")));
  });
  const body = sorted.map((row) => make("tr", { class: row.reference ? "reference" : null }, columns.map((c) => c.show(row))));
  return tableBox(caption, headings, body, name);
}

function sortRows(rows, column, descending) {
  const sign = descending ? -1 : 1;
  const empty = (value) => value === null || value === undefined;
  return [...rows].sort((a, b) => {
    const left = column.value(a), right = column.value(b);
    if (empty(left) || empty(right)) return empty(left) - empty(right);
    const order = typeof left === "string" ? left.localeCompare(right, "en") : left - right;
    return sign * order || a.method.localeCompare(b.method, "en") || a.aggregator.localeCompare(b.aggregator, "en");
  });
}

function sortBy(column, own, descending) {
  state.sort = column.key;
  state.dir = own ? (descending ? "asc" : "desc") : column.first || "asc";
  update();
  document.querySelector(`#board [data-sort="${CSS.escape(column.key)}"]`).focus();
  say(`sorted by ${column.title}, ${state.dir === "desc" ? "highest first" : "lowest first"}`);
}
