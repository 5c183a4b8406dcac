// Elements, numbers and small drawings; texts are set as text, never as HTML.
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "line", "path", "rect", "circle", "text", "title"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, action] of Object.entries(value)) element.addEventListener(event, action);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const BLANK = "–";
const fixed = (value, digits) => (value === null || value === undefined ? BLANK : value.toFixed(digits));
const score = (value) => fixed(value, 3);
function short(value) {
  if (value === null || value === undefined) return BLANK;
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

// A scale over the values, a little wider than they are.
function span(values, pad = 0.06) {
  const known = values.filter((v) => v !== null && Number.isFinite(v));
  let low = Math.min(...known), high = Math.max(...known);
  if (!known.length) [low, high] = [0, 1];
  const room = (high - low) * pad || Math.abs(high) * 0.05 || 0.05;
  return [low - room, high + room];
}
const scale = ([low, high], width, left = 0) => (value) => left + ((value - low) / (high - low)) * width;

// A dot with the bar of its interval, and thin lines where the reference rows are.
function whisker(low, mean, high, domain, lines = []) {
  const x = scale(domain, 102, 4);
  return make("svg", { class: "whisker", width: 110, height: 16, viewBox: "0 0 110 16", "aria-hidden": "true" },
    make("line", { x1: 4, x2: 106, y1: 8, y2: 8, class: "track" }),
    lines.filter((v) => v !== null).map((v) => make("line", { x1: x(v), x2: x(v), y1: 1, y2: 15, class: "guide" })),
    low !== null && high !== null && high > low
      ? make("rect", { x: x(low), width: Math.max(x(high) - x(low), 1), y: 5, height: 6, rx: 2, class: "interval" }) : null,
    mean === null ? null : make("circle", { cx: x(mean), cy: 8, r: 3.2, class: "dot" }));
}

// A method's color and marker, those of its plots, so that color alone carries nothing; reference rows are hollow.
const families = unique(data.methods.map((method) => method.family)).sort();
const methods = new Map(data.methods.map((method) => [method.label, method]));
const titleOf = (label) => (methods.has(label) ? methods.get(label).title : label);
function shape(label, x, y) {
  const { marker, color, reference } = methods.get(label);
  const drawn = {
    o: `M${x - 5},${y}a5,5 0 1,0 10,0a5,5 0 1,0 -10,0Z`,
    s: `M${x - 4.5},${y - 4.5}h9v9h-9Z`,
    "^": `M${x},${y - 5.5}l5.5,10h-11Z`,
    D: `M${x},${y - 6.5}l6,6.5l-6,6.5l-6,-6.5Z`,
    v: `M${x},${y + 5.5}l5.5,-10h-11Z`,
    P: `M${x - 5},${y - 2}h3v-3h4v3h3v4h-3v3h-4v-3h-3Z`,
    X: `M${x},${y - 2.5}l2.5,-2.5l2.5,2.5l-2.5,2.5l2.5,2.5l-2.5,2.5l-2.5,-2.5l-2.5,2.5l-2.5,-2.5l2.5,-2.5l-2.5,-2.5l2.5,-2.5Z`,
    "<": `M${x - 5.5},${y}l10,-5.5v11Z`,
  }[marker];
  return make("path", { d: drawn, class: reference ? "mark hollow" : "mark", fill: reference ? null : color });
}
const badge = (label, text = "") => make("span", { class: "method" },
  make("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" }, shape(label, 7, 7)), text);

// Round places on an axis.
function ticks([low, high], count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) found.push(Number(v.toPrecision(12)));
  return found;
}
function powers([low, high]) {
  const steps = high - low > 2.5 ? [1] : high - low > 1.2 ? [1, 3] : [1, 2, 5];
  const found = [];
  for (let e = Math.floor(low); e <= high; e++) found.push(...steps.map((n) => e + Math.log10(n)));
  return found.filter((v) => v >= low && v <= high);
}

// Points as {x, y, label, method, named}; a logarithmic x is given as its exponent.
function scatter({ points, xLabel, yLabel, log, path, label, width }) {
  const height = Math.round(Math.min(420, Math.max(280, width * 0.5)));
  const box = { left: 52, right: width - 16, top: 14, bottom: height - 44 };
  const xs = span(points.map((p) => p.x)), ys = span(points.map((p) => p.y));
  const x = scale(xs, box.right - box.left, box.left), y = (v) => scale(ys, box.top - box.bottom, box.bottom)(v);
  const xText = (v) => (log ? String(Number((10 ** v).toPrecision(2))) : String(v));
  const svg = make("svg", { class: "chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ticks(ys, 5).map((v) => make("g", {}, make("line", { class: "grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) }),
      make("text", { x: box.left - 8, y: y(v) + 4, "text-anchor": "end" }, String(v)))),
    (log ? powers(xs) : ticks(xs, width < 500 ? 3 : 6)).map((v) => make("g", {},
      make("line", { class: "grid", x1: x(v), x2: x(v), y1: box.top, y2: box.bottom }),
      make("text", { x: x(v), y: box.bottom + 16, "text-anchor": "middle" }, xText(v)))),
    make("text", { class: "axis", x: (box.left + box.right) / 2, y: height - 6, "text-anchor": "middle" }, xLabel),
    make("text", { class: "axis", x: 12, y: (box.top + box.bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(box.top + box.bottom) / 2})` }, yLabel),
    path && path.length > 1 ? make("path", { class: "front", d: "M" + path.map((p) => `${x(p.x)},${y(p.y)}`).join("L") }) : null,
    points.map((p) => make("g", { class: "point" }, make("title", {}, p.title), shape(p.method, x(p.x), y(p.y)))));
  names(svg, points.map((p) => ({ x: x(p.x), y: y(p.y), text: p.label, named: p.named })), box);
  return svg;
}

// Write names beside their points where there is room; the others are told on pointing and in the table.
function names(svg, points, box) {
  const taken = points.map((p) => ({ left: p.x - 6, right: p.x + 6, top: p.y - 6, bottom: p.y + 6 }));
  for (const point of points.filter((p) => p.named)) {
    const text = point.text.length > 26 ? point.text.slice(0, 25) + "…" : point.text, wide = text.length * 6.4;
    const places = [[9, 4, "start", 0], [-9, 4, "end", -wide], [0, -10, "middle", -wide / 2], [0, 18, "middle", -wide / 2]];
    for (const [dx, dy, anchor, shift] of places) {
      const left = point.x + dx + shift, top = point.y + dy - 10;
      const own = { left, right: left + wide, top, bottom: top + 13 };
      const free = taken.every((t) => (t.left === point.x - 6 && t.top === point.y - 6) || own.right < t.left || own.left > t.right || own.bottom < t.top || own.top > t.bottom);
      if (free && own.left > box.left && own.right < box.right + 14 && own.top > 0 && own.bottom < box.bottom) {
        taken.push(own);
        svg.append(make("text", { class: "name", x: point.x + dx, y: point.y + dy, "text-anchor": anchor }, text));
        break;
      }
    }
  }
}
