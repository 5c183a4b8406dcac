// Controls, sections and the address: everything is drawn again when the state changes.
const SECTIONS = { leaderboard, cost, ties: tieBounds, groups: groupKinds, fairness, ranks, reported, missing, provenance };
const OF_ROWS = ["leaderboard", "cost", "ties", "groups", "fairness"];
const byId = (id) => document.getElementById(id);
const say = (text) => { byId("status").textContent = text; };

function fill(select, entries, value) {
  select.replaceChildren(...entries.map(([key, text]) => make("option", { value: key }, text)));
  select.value = value;
}

function controls() {
  const at = current(), views = data.sections.filter((p) => task(p) === state.task).map((p) => p.view);
  const simulated = (name) => (data.sections.find((p) => task(p) === name).simulated ? `${name} (simulated)` : name);
  fill(byId("task"), unique(data.sections.map(task)).map((name) => [name, simulated(name)]), state.task);
  const plain = state.view.replace(/-clean$/, "");
  fill(byId("view"), views.filter((v) => !(v.endsWith("-clean") && views.includes(v.replace(/-clean$/, "")))).map((v) => [v, v || "not evaluated"]), views.includes(plain) ? plain : state.view);
  byId("rows-label").hidden = !(views.includes(plain) && views.includes(`${plain}-clean`));
  fill(byId("rows"), [["", "all, seen ones too"], ["-clean", "clean only"]], state.view.endsWith("-clean") ? "-clean" : "");
  const [family, k] = state.metric.split("@"), known = measured(at);
  fill(byId("family"), unique(known.map((m) => m.split("@")[0])).map((f) => [f, f]), family);
  const cutoffs = known.filter((m) => m.split("@")[0] === family && m.includes("@")).map((m) => m.split("@")[1]);
  byId("k-label").hidden = !cutoffs.length;
  fill(byId("k"), cutoffs.map((n) => [n, n]), k);
  const there = unique(at.rows.aggregator.map((n) => data.aggregators[n])).filter((a) => !["none", "own"].includes(a)).sort();
  byId("aggregator").disabled = !there.length;
  fill(byId("aggregator"), [...there.map((a) => [a, a]), ["best", "best of each method"], ["all", "all"]], there.includes(state.agg) || ["best", "all"].includes(state.agg) ? state.agg : "all");
  fill(byId("kind"), [["", "all"], ...families.map((f) => [f, f])], state.kind);
  if (document.activeElement !== byId("search")) byId("search").value = state.q;
  byId("references").checked = state.refs === "1";
}

function update() {
  settle();
  controls();
  const at = current(), rows = chosenRows(at);
  for (const [id, draw] of Object.entries(SECTIONS)) {
    const section = byId(id);
    const shown = !rows.length && OF_ROWS.includes(id) ? [noHits(at)] : draw(rows, at, Math.min(section.clientWidth, 860));
    section.replaceChildren(section.querySelector("h2"), ...shown.filter(Boolean));
  }
  writeAddress();
}

function listen() {
  const set = (id, change) => byId(id).addEventListener("input", (event) => {
    change(event.target);
    update();
    const left = chosenRows().length;
    say(left ? `${left} rows` : noHits(current()).textContent);
  });
  set("task", (input) => { state.task = input.value; });
  set("view", (input) => { state.view = input.value; });
  set("rows", (input) => { state.view = byId("view").value + input.value; });
  set("family", (input) => {
    const same = measured().filter((m) => m.split("@")[0] === input.value);
    state.metric = same.find((m) => m.split("@")[1] === state.metric.split("@")[1]) || same[0];
    state.sort = state.dir = "";
  });
  set("k", (input) => { state.metric = `${byId("family").value}@${input.value}`; });
  set("aggregator", (input) => { state.agg = input.value; });
  set("kind", (input) => { state.kind = input.value; });
  set("search", (input) => { state.q = input.value; });
  set("references", (input) => { state.refs = input.checked ? "1" : "0"; });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
  byId("theme").addEventListener("click", () => setTheme(!isDark()));
  window.addEventListener("hashchange", () => { readAddress(); update(); goTo(state.at); });
  let width = innerWidth;
  window.addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; update(); } });
}

const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  offerTheme();
}
// The button says what a click does.
const offerTheme = () => { byId("theme").textContent = isDark() ? "Switch to light" : "Switch to dark"; };

function sections() {
  byId("sections").replaceChildren(...Object.keys(SECTIONS).map((id) => make("li", {}, make("a", { href: `#at=${id}`, on: { click: (event) => {
    event.preventDefault();
    state.at = id;
    writeAddress();
    goTo(id);
  } } }, byId(id).querySelector("h2").textContent))));
}

function goTo(id) {
  if (!Object.hasOwn(SECTIONS, id)) return;
  const title = byId(id).querySelector("h2");
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
  title.scrollIntoView();
}

offerTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", offerTheme);
readAddress();
sections();
listen();
update();
goTo(state.at);
