// Tables: real ones, in a box of their own that scrolls.
function tableBox(caption, headings, bodyRows, name) {
  const table = make("table", { id: name }, make("caption", {}, make("span", {}, caption)),
    make("thead", {}, make("tr", {}, headings)), make("tbody", {}, bodyRows));
  return make("div", { class: "table" }, make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table), copying(table));
}

// What a table says as rows of text, without drawings and chips; columns that are only drawn are left out.
function texts(table) {
  const own = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("svg, .chip, .arrow").forEach((part) => part.remove());
    return copy.textContent.trim();
  };
  const rows = [...table.rows].map((row) => [...row.cells]);
  const drawn = rows[0].map((_, column) => rows.length > 1 && rows.slice(1).every((row) => row[column].querySelector("svg") && !own(row[column])));
  return rows.map((row) => row.filter((_, column) => !drawn[column]).map(own));
}

const asCsv = (rows) => rows.map((row) => row.map((text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",")).join("\n") + "\n";

const IN_LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "±": "$\\pm$", "–": "--", "<": "$<$", ">": "$>$" };
const inLatex = (text) => text.replace(/[\\~^±–<>&%$#_{}]/g, (sign) => IN_LATEX[sign] || `\\${sign}`);
function asLatex(rows, numbers) {
  const lines = rows.map((row) => row.map(inLatex).join(" & ") + " \\\\");
  return ["% needs \\usepackage{booktabs}", `\\begin{tabular}{${numbers.map((n) => (n ? "r" : "l")).join("")}}`, "\\toprule", lines[0], "\\midrule", ...lines.slice(1),
    "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

function copying(table) {
  const held = make("textarea", { class: "copied", hidden: "", readonly: "", rows: 6, "aria-label": "Text to copy" });
  const offer = (name, write) => make("button", { type: "button", on: { click: async () => {
    const rows = texts(table), text = write(rows, rows[0].map((_, n) => rows.slice(1).every((row) => /^[-–\d.]/.test(row[n]))));
    try { await navigator.clipboard.writeText(text); held.hidden = true; say(`copied as ${name}`); }
    // A notebook's frame may not write to the clipboard.
    catch { held.hidden = false; held.value = text; held.select(); say(`select and copy the ${name} below the table`); }
  } } }, `Copy as ${name}`);
  return make("div", { class: "copying" }, offer("CSV", asCsv), offer("LaTeX", asLatex), held);
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
    return sign * order || a.title.localeCompare(b.title, "en") || a.aggregator.localeCompare(b.aggregator, "en");
  });
}

function sortBy(column, own, descending) {
  state.sort = column.key;
  state.dir = own ? (descending ? "asc" : "desc") : column.first || "asc";
  update();
  document.querySelector(`#board [data-sort="${CSS.escape(column.key)}"]`).focus();
  say(`sorted by ${column.title}, ${state.dir === "desc" ? "highest first" : "lowest first"}`);
}
