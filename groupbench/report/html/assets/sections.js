// The sections below the controls; each returns what it shows, or a sentence on why there is nothing.
const NO_TESTS = "No significance tests";
const named = (row) => (row.aggregator === "none" ? "" : row.aggregator);
const percent = (share) => `${Math.round(share * 100)}%`;
const chip = (text, about, kind = "") => make("span", { class: `chip ${kind}`, title: about }, text);
const ABOUT = {
  ref: "a reference row: it bounds the others and is not ranked with them",
  own: "the method's own scores of groups, without an aggregator",
  "†": "ties can move a value of this row by more than 0.01; see 'Bounds by ties'",
  "↑": "significantly higher than the best other row, after correction",
  "↓": "significantly lower than the best row, after correction",
};

function leaderboard(rows, at) {
  const metric = state.metric;
  const seeds = Math.max(0, ...rows.map((row) => row.seeds));
  const domain = span(rows.flatMap((row) => [row.mean, row.least, row.most]));
  const guides = [bound(at, metric, at.random), bound(at, metric, at.oracle)].map((v) => (v >= domain[0] && v <= domain[1] ? v : null));
  const box = sortable(`${at.dataset}${at.simulated ? " (simulated data)" : ""}, protocol ${at.protocol}, view ${at.view}: ${rows.length} rows`,
    columnsOf(rows, at, domain, guides), rows, "board");
  return [facts(at), warning(at, metric), untested(at), box, legend(rows, at, seeds)];
}

// What keeps every row away, in the words of the filters.
function noHits(at) {
  const all = valuedRows(at);
  if (!all.length) return note(`No method has ${state.metric || "any score"} in the view ${at.view || "of these results"}.`);
  const filters = [state.q.trim() ? `contains “${state.q.trim()}”` : "", state.kind ? `is of the family ${state.kind}` : "",
    state.refs === "1" ? "" : "is no reference row", ["all", "best"].includes(state.agg) ? "" : `has scores of the aggregator ${state.agg}`];
  return note(`No hits: none of ${all.length} rows ${filters.filter(Boolean).join(" and ")}. Change the filters above.`);
}

// Why no row has a mark of significance, if none can have.
function untested(at) {
  if (!at.tested) return note("Differences were not tested: the page was made without significance tests.");
  const reason = at.tested.notes.find((text) => text.startsWith(NO_TESTS));
  return reason ? note(reason) : null;
}

function columnsOf(rows, at, domain, guides) {
  const metric = state.metric, k = metric.split("@")[1];
  const others = data.metrics.filter((m) => m !== metric && m in at.values && ["precision", "recall", "ndcg"].some((f) => m === `${f}@${k || 10}`));
  const number = (key, title, show, about, first = "desc") => ({ key, title, about, first, kind: "number", value: (row) => row[key], show: (row) => cell(show(row[key]), "number") });
  const columns = [
    { key: "method", title: "Method", value: (row) => row.title, show: methodCell },
  ];
  const aggregator = { key: "aggregator", title: "Aggregator", value: (row) => row.aggregator, show: (row) => cell(named(row), "wrap") };
  const mixed = ["all", "best"].includes(state.agg), aggregated = rows.some((row) => row.aggregator !== "none");
  if (mixed && aggregated) columns.push(aggregator);
  columns.push({ key: "metric", title: metric, kind: "number main", first: lowerIsBetter(metric) ? "asc" : "desc", value: (row) => row.mean, show: (row) => scoreCell(row, rows.some((one) => one.mark && one.mark.arrow)) });
  columns.push({ key: "low", title: "Interval", value: (row) => row.least ?? row.mean, first: "desc", about: "sorts by the lower end of the interval",
    show: (row) => cell(whisker(row.least, row.mean, row.most, domain, guides)) });
  columns.push({ key: "family", title: "Family", value: (row) => row.family, show: (row) => cell(row.family) });
  if (!mixed && aggregated) columns.push(aggregator);
  if (rows.some((row) => row.norm !== null)) columns.push(number("norm", "norm", score, "(x - random) / (oracle - random)"));
  for (const name of others) columns.push({ key: name, title: name, kind: "number", first: "desc", value: (row) => at.values[name].mean[row.index], show: (row) => cell(score(at.values[name].mean[row.index]), "number") });
  columns.push(number("seconds", "seconds", short, "of the whole job, mean over seeds", "asc"),
    number("mb", "MiB", (v) => fixed(v, 0), "largest growth of memory", "asc"));
  if (rows.some((row) => row.joules !== null)) columns.push(number("joules", "J", short, "energy of the whole job, mean over seeds", "asc"));
  columns.push(number("tied", "tied", score, "share of top-10 places decided by a tie", "asc"), number("seeds", "seeds", String, "seeds that finished"));
  if (rows.some((row) => row.tuning.includes("tuned"))) columns.push({ key: "tuning", title: "Tuning", value: (row) => row.tuning, show: (row) => cell(row.tuning) });
  return columns;
}

function methodCell(row) {
  return rowHead(badge(row.method, row.title), row.reference ? chip("ref", ABOUT.ref) : null, row.aggregator === "own" ? chip("own", ABOUT.own) : null, row.moved ? chip("†", ABOUT["†"], "warn") : null);
}

// Room for a mark in every row keeps the values aligned.
const slot = (content) => make("span", { class: "slot" }, content);

function scoreCell(row, marked) {
  const arrow = row.mark && row.mark.arrow;
  return cell([make("strong", {}, score(row.mean)), row.std === null ? null : make("span", { class: "std" }, ` ± ${score(row.std)}`),
    marked ? slot(arrow ? chip(arrow, `${ABOUT[arrow]}; p ${row.mark.p < 1e-4 ? "< 0.0001" : `= ${row.mark.p.toFixed(4)}`}`) : "") : null], "number main");
}

function facts(at) {
  const range = ([low, high]) => (low === high ? `${low}` : `${low} to ${high}`);
  const known = at.facts;
  const parts = [
    known.entities ? `${range(known.entities)} ${known.unit}s` : "",
    known.skipped && known.skipped[1] ? `${range(known.skipped)} without relevant items skipped` : "",
    known.tau ? `relevant from ${range(known.tau)}` : "", at.seeds === 1 ? "1 seed" : `${at.seeds} seeds`, known.definition,
  ];
  return make("p", { class: "facts" }, parts.filter(Boolean).join("; ") + ".");
}

function warning(at, metric) {
  if (!at.saturated.includes(metric)) return null;
  const [low, high] = [at.random, at.oracle].map((row) => score(bound(at, metric, row)));
  return make("p", { class: "banner" }, make("strong", {}, `${metric} is saturated here. `),
    `A random order has ${low === BLANK ? "almost as much" : low} and the truth itself ${high === BLANK ? "little more" : high}: differences between methods say little. Choose another metric, a smaller K or another view.`);
}

function legend(rows, at, seeds) {
  const items = [seeds > 1
    ? `± is the standard deviation over seeds; the bar is the ${percent(data.confidence)} t interval of the mean, the dot the mean; thin lines are random and oracle where they fall in.`
    : "One seed: there is no interval over seeds."];
  if (rows.some((row) => row.reference)) items.push(`ref: ${ABOUT.ref}.`);
  if (rows.some((row) => row.aggregator === "own")) items.push(`own: ${ABOUT.own}.`);
  if (rows.some((row) => row.moved)) items.push(`†: ${ABOUT["†"]}.`);
  if (state.agg === "best") items.push("Each method's best aggregator is picked on the held-out rows: optimistic.");
  if (data.cut) items.push(`Only rows of the aggregator ${data.cut} are in this file; others by 'groupbench report --aggregator NAME'.`);
  items.push(...data.hidden.map((text) => `${text} on this page.`));
  if (at.tested) items.push(...testNotes(at.tested).filter((text) => !text.startsWith(NO_TESTS)));
  if (at.facts.oracle) items.push(`oracle: ${at.facts.oracle}.`);
  return make("ul", { class: "notes" }, items.map((text) => make("li", {}, text)));
}

function testNotes({ marks, notes }) {
  if (state.metric in marks || !Object.keys(marks).length) return notes;
  return [`${state.metric} is not tested; precision, recall and NDCG at 10 are.`];
}

// Rows that no other row beats in both value and cost, cheapest first.
function frontOf(rows, cost) {
  const front = [];
  for (const row of [...rows].sort((a, b) => a[cost] - b[cost] || (better(a.mean, b.mean, state.metric) ? -1 : 1))) {
    if (!front.length || better(row.mean, front.at(-1).mean, state.metric)) front.push(row);
  }
  return front;
}

function cost(rows, at, width) {
  const unit = COSTS[state.cost][1];
  const known = rows.filter((row) => row[state.cost] !== null && row.family !== "" && row.method !== "oracle" && row.method !== "random");
  const zero = Math.min(...known.map((row) => row[state.cost]).filter((v) => v > 0)) / 2;
  if (known.length < 2 || !Number.isFinite(zero)) return [note("Fewer than two rows have a cost.")];
  const front = frontOf(known, state.cost);
  const point = (row) => ({ x: Math.log10(Math.max(row[state.cost], zero)), y: row.mean, label: row.title, method: row.method, named: front.includes(row),
    title: `${row.title} ${named(row)}: ${state.metric} ${score(row.mean)}, ${short(row[state.cost])} ${unit}` });
  const choose = make("label", {}, "Cost ", make("select", { id: "cost-by", on: { change: (e) => { state.cost = e.target.value; update(); document.getElementById("cost-by").focus(); } } },
    Object.entries(COSTS).map(([value, [text]]) => make("option", { value, selected: value === state.cost }, text))));
  const table = plainTable(`No row is both cheaper and better than these (Pareto front of ${state.metric} and ${unit})`, ["Method", "Aggregator", [state.metric, "number"], [unit, "number"]],
    front.map((row) => make("tr", {}, rowHead(badge(row.method, row.title)), cell(named(row)), cell(score(row.mean), "number"), cell(short(row[state.cost]), "number"))), "front");
  return [choose,
    scatter({ points: known.map(point), path: front.map(point), xLabel: `${unit} of a job (logarithmic)`, yLabel: state.metric, log: true, width, label: `${state.metric} against ${unit} of ${known.length} rows; the front is in the table below` }),
    keyOf(known), table, note("Seconds, MiB and J are of the whole job: fit, scores, every aggregator and view. The oracle and random are left out.")];
}

const keyOf = (rows) => make("ul", { class: "key" }, unique(rows.map((row) => row.method)).map((label) => make("li", {}, badge(label, titleOf(label)))));

function tieBounds(rows) {
  const moved = rows.filter((row) => row.method !== "random" && row.ties[0] !== row.ties[1]);
  if (!moved.length) return [note(`No tie moves ${state.metric} of these rows.`)];
  const wide = (row) => Math.abs(row.ties[1] - row.ties[0]);
  moved.sort((a, b) => wide(b) - wide(a));
  const domain = span(moved.flatMap((row) => row.ties));
  const ends = (row) => [Math.min(...row.ties), Math.max(...row.ties)];
  return [note("The leaderboard shows what is expected over a random order of equal scores. Code that breaks ties in the method's favour would print the best case."),
    plainTable(`${state.metric} by the order of equal scores, widest first`, ["Method", "Aggregator", ["worst", "number"], ["expected", "number"], ["best", "number"], "Range", ["tied", "number"]],
      moved.slice(0, 60).map((row) => make("tr", {}, rowHead(badge(row.method, row.title)), cell(named(row)), cell(score(row.ties[0]), "number"), cell(score(row.mean), "number"),
        cell(score(row.ties[1]), "number"), cell(whisker(ends(row)[0], row.mean, ends(row)[1], domain)), cell(score(row.tied), "number"))), "tie-table"),
    moved.length > 60 ? note(`${moved.length - 60} rows with narrower ranges are left out.`) : null];
}

function groupKinds(rows, at) {
  const known = Object.keys(at.by);
  if (!known.length) return [note("This view does not evaluate groups, or their scores were not stored one by one.")];
  const by = known.includes(state.by) ? state.by : known[0];
  const held = at.by[by];
  const shown = new Set(rows.map((row) => row.method));
  const lines = held.rows.filter(([method]) => shown.has(method));
  const lacking = [...shown].filter((method) => !held.rows.some(([other]) => other === method)).length;
  const mean = ([, , values]) => { const v = values.filter((x) => x !== null); return v.reduce((a, b) => a + b, 0) / v.length; };
  lines.sort((a, b) => (lowerIsBetter(held.metric) ? 1 : -1) * (mean(a) - mean(b)));
  const all = lines.flatMap((line) => line[2]).filter((v) => v !== null), low = Math.min(...all), high = Math.max(...all);
  const shade = (v) => `level l${v === null || high === low ? 0 : Math.round(((v - low) / (high - low)) * 5)}`;
  const choose = make("label", {}, "Groups by ", make("select", { id: "groups-by", on: { change: (e) => { state.by = e.target.value; update(); document.getElementById("groups-by").focus(); } } },
    known.map((name) => make("option", { value: name, selected: name === by }, name))));
  return [choose, plainTable(`${held.metric} by ${by} of the group (number of groups in brackets)`, ["Method", "Aggregator", ...held.kinds.map(([kind, count]) => [`${kind} (${Math.round(count)})`, "number"])],
    lines.map(([method, aggregator, values]) => make("tr", {}, rowHead(titleOf(method)), cell(aggregator === "none" ? "" : aggregator), values.map((v) => cell(score(v), `number ${shade(v)}`)))), "group-table"),
  note(`Means over the groups of a kind, then over seeds, with the aggregator ${data.usual}; darker is higher. Cohesion is cut into thirds of each run's groups.`),
  lacking ? note(`${lacking} method${lacking > 1 ? "s are" : " is"} left out: the values of single groups, or their ${by}, are not kept.`) : null];
}

function fairness(rows, at, width) {
  const [family, k] = state.metric.split("@");
  const plain = ["precision", "recall", "ndcg"].includes(family.replace(/^[a-z]+-/, "")) ? family.replace(/^[a-z]+-/, "") : "ndcg";
  const low = `min-${plain}@${k || 10}`, mean = `${plain}@${k || 10}`;
  if (!(low in at.values) || !(mean in at.values)) return [note("This view does not evaluate the members of groups one by one; views of the protocol 'coupled' do.")];
  const points = chosenRows(at, mean).map((row) => ({ ...row, low: at.values[low].mean[row.index] })).filter((row) => row.low !== null && row.method !== "oracle");
  if (!points.length) return [noHits(at)];
  points.sort((a, b) => b.low - a.low);
  const best = points.slice(0, 6);
  return [scatter({ points: points.map((row) => ({ x: row.mean, y: row.low, label: row.title, method: row.method, named: best.includes(row), title: `${row.title} ${row.aggregator}: mean ${score(row.mean)}, worst-off member ${score(row.low)}` })),
    xLabel: `mean ${mean} of members`, yLabel: "worst-off member", width, label: `Mean against lowest ${mean} of a group's members, ${points.length} rows; values in the table below` }),
  keyOf(points), plainTable(`${mean} of members, fairest first`, ["Method", "Aggregator", ["mean", "number"], ["worst-off member", "number"]],
    points.slice(0, 40).map((row) => make("tr", {}, rowHead(badge(row.method, row.title)), cell(row.aggregator), cell(score(row.mean), "number"), cell(score(row.low), "number"))), "fairness-table"),
  points.length > 40 ? note(`${points.length - 40} rows with a lower minimum are in the drawing only.`) : null];
}

function ranks() {
  const held = data.ranking;
  if (held.missing) return [note(held.missing)];
  const domain = [0.5, Math.max(held.methods.length, 2) + 0.5];
  const runs = held.alike.slice(0, 12);
  const bars = (i) => make("svg", { width: Math.max(runs.length, 1) * 10, height: 28, viewBox: `0 0 ${Math.max(runs.length, 1) * 10} 28`, class: "alike", "aria-hidden": "true" },
    runs.map(([first, last], n) => (i >= first && i <= last ? make("rect", { x: n * 10 + 2, width: 4, y: i === first ? 8 : 0, height: i === first ? 20 : i === last ? 20 : 28 }) : null)));
  const letters = (i) => runs.map(([first, last], n) => (i >= first && i <= last ? "abcdefghijkl"[n] : "")).join("");
  return [plainTable(held.title[0], ["Method", ["average rank", "number"], "1 is best", "Alike", ""],
    held.methods.map(([method, rank], i) => make("tr", {}, rowHead(titleOf(method)), cell(fixed(rank, 2), "number"),
      cell(whisker(null, rank, null, domain)), cell(letters(i)), cell(bars(i), "bars"))), "rank-table"),
  make("ul", { class: "notes" }, [`${held.title[1]}. Methods that share a bar (a letter) cannot be told apart.`, ...held.notes].map((text) => make("li", {}, text)))];
}

function reported(rows, at) {
  if (!at.reported.length) return [note("No paper that comes with groupbench reports scores for this data set and view.")];
  const ours = new Map(rowsAt(at, state.metric).filter((row) => ["own", "none", data.usual].includes(row.aggregator)).map((row) => [row.title.toLowerCase(), row]));
  const lines = at.reported.flatMap((line) => Object.entries(line.values).map(([metric, value]) => ({ ...line, metric, value })));
  const own = (line) => { const row = ours.get(line.method.toLowerCase()); return row && at.values[line.metric] ? at.values[line.metric].mean[row.index] : null; };
  return [plainTable("Scores that papers print, beside ours", ["Method", "Metric", ["reported", "number"], ["ours", "number"], "Source and what it leaves open"],
    lines.map((line) => make("tr", {}, rowHead(line.method), cell(line.metric), cell(score(line.value), "number"), cell(score(own(line)), "number"), cell(line.source, "long"))), "reported-table")];
}

function missing(rows, at) {
  const lines = at.failed.filter((line) => isCalled(line.method, state.q.trim().toLowerCase()));
  const sentences = [...data.not_evaluated.map((text) => note(`Not evaluated: ${text}`)), ...data.left_out.map((text) => note(text))];
  if (!lines.length) return [note(at.failed.length ? `None of ${at.failed.length} methods without scores contains “${state.q.trim()}”.` : "Every method that was run has scores here."), ...sentences];
  return [plainTable(`Methods without scores in ${at.view}`, ["Method", "Status", "Reason"],
    lines.map((line) => make("tr", {}, rowHead(titleOf(line.method)), cell(chip(line.status, "", line.status === "skipped" ? "" : "warn")), cell(line.reason, "long"))), "missing-table"), ...sentences];
}

function provenance() {
  return [plainTable("Data", ["Data set", "Source", "Content hash"], data.data.map((d) => make("tr", {}, rowHead(d.dataset, d.simulated ? chip("simulated", "a program made this data") : null), cell(d.source), cell(make("code", {}, d.hash), "long"))), "data-table"),
    ...data.environments.map((held) => make("details", {}, make("summary", {}, `Environment of ${held.jobs} jobs: groupbench ${held.facts.groupbench || "?"}, ${held.facts.cpu || "unknown CPU"}`),
      plainTable("Versions and machine", ["What", "Value"], Object.entries(held.facts).map(([name, value]) => make("tr", {}, rowHead(name), cell(value, "long")))))),
    make("h3", {}, "Run it again"), ...data.commands.map((held) => make("div", { class: "command" }, make("pre", { tabindex: "0" }, make("code", {}, held.command)), note(`${held.jobs} jobs`)))];
}
