// What the page shows, and its form in the address.
const data = JSON.parse(document.getElementById("data").textContent);
const DEFAULTS = { agg: data.usual, kind: "", q: "", refs: "1", sort: "", dir: "", cost: "seconds", by: "size", at: "" };
const COSTS = { seconds: ["seconds", "seconds"], mb: ["memory, MiB", "MiB"], joules: ["energy, J", "J"] };
const state = {};

const task = (section) => `${section.dataset}, ${section.protocol}`;
const current = () => data.sections.find((p) => task(p) === state.task && p.view === state.view) || data.sections[0];
const measured = (at = current()) => data.metrics.filter((name) => name in at.values);
const lowerIsBetter = (metric) => data.lower.includes(metric);
const unique = (values) => [...new Set(values)];

function startState() {
  const first = data.sections.find((p) => p.view === "rated-group") || data.sections[0];
  return { ...DEFAULTS, task: task(first), view: first.view, metric: data.headline };
}

// Put right what does not fit together: an address may come from another report.
function settle() {
  const places = data.sections.filter((p) => task(p) === state.task);
  if (!places.length) state.task = task(data.sections[0]);
  const views = data.sections.filter((p) => task(p) === state.task).map((p) => p.view);
  if (!views.includes(state.view)) state.view = views[0];
  const known = measured();
  if (!known.includes(state.metric)) state.metric = known.includes(data.headline) ? data.headline : known[0] || "";
  if (!["all", "best", ...data.aggregators].includes(state.agg)) state.agg = data.usual;
  if (!Object.hasOwn(COSTS, state.cost)) state.cost = "seconds";
}

function readAddress() {
  Object.assign(state, startState());
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (Object.hasOwn(state, key)) state[key] = value;
  settle();
}

function writeAddress() {
  const kept = Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key]);
  const address = "#" + new URLSearchParams(kept);
  // A notebook's frame has no address of its own.
  try { if (address !== location.hash) history.replaceState(null, "", address); } catch { /* stays as it is */ }
}

// Both ends of an interval, within what the metric can be.
function ends(mean, half, metric) {
  const [least, most] = data.bounds[metric] || [null, null];
  if (mean === null || half === null) return [null, null];
  return [least === null ? mean - half : Math.max(mean - half, least), most === null ? mean + half : Math.min(mean + half, most)];
}

// All rows of a section, with the values of one metric.
function rowsAt(at, metric) {
  const values = at.values[metric];
  const low = bound(at, metric, at.random), high = bound(at, metric, at.oracle);
  const bounded = low !== null && high !== null && Math.abs(high - low) >= 1e-9 && !data.without_norm.includes(metric);
  const moved = new Set(at.rows.moved);
  const arrows = marks(at, metric);
  return at.rows.method.map((number, i) => {
    const method = data.methods[number];
    const aggregator = data.aggregators[at.rows.aggregator[i]];
    const [mean, std, half] = ["mean", "std", "half"].map((name) => (values ? values[name][i] : null));
    const [least, most] = ends(mean, half, metric);
    return {
      index: i, method: method.label, title: method.title, family: method.family, reference: method.reference, aggregator,
      mean, std, half, least, most, ties: values && values.ties[i] || [mean, mean],
      norm: mean === null || !bounded ? null : (mean - low) / (high - low),
      seeds: at.rows.seeds[i], seconds: at.rows.seconds[i], mb: at.rows.mb[i], joules: at.rows.joules[i], tied: at.rows.tied[i],
      tuning: at.rows.tuning[i], moved: moved.has(i), mark: arrows.get(method.label + "\n" + aggregator),
    };
  });
}

const bound = (at, metric, row) => (row === null || !at.values[metric] ? null : at.values[metric].mean[row]);

function marks(at, metric) {
  const found = at.tested && at.tested.marks[metric] || [];
  return new Map(found.map(([method, aggregator, arrow, p]) => [method + "\n" + aggregator, { arrow, p }]));
}

// The rows with a value, whatever the filters say.
const valuedRows = (at, metric = state.metric) => rowsAt(at, metric).filter((row) => row.mean !== null);

// The rows that the filters leave.
function chosenRows(at = current(), metric = state.metric) {
  let rows = valuedRows(at, metric);
  if (state.agg === "best") rows = bestOfEach(rows, metric);
  else if (state.agg !== "all") rows = rows.filter((row) => [state.agg, "none", "own"].includes(row.aggregator));
  const wanted = state.q.trim().toLowerCase();
  return rows.filter((row) => (!state.kind || row.family === state.kind)
    && (state.refs === "1" || !row.reference) && isCalled(row.method, wanted));
}

// Whether a method is called so: in its label, as one types it, or in its name.
const isCalled = (label, wanted) => [label, titleOf(label)].some((name) => name.toLowerCase().includes(wanted));

function bestOfEach(rows, metric) {
  const best = new Map();
  for (const row of rows) {
    const held = best.get(row.method);
    if (!held || better(row.mean, held.mean, metric)) best.set(row.method, row);
  }
  return [...best.values()];
}

const better = (a, b, metric) => (lowerIsBetter(metric) ? a < b : a > b);
