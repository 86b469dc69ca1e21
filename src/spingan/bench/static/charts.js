// Plots as SVG: axes with names and units, readable in grey, each with its SVG and CSV files.

import { plain, prefix, si, unitName } from "./state.js";

const NS = "http://www.w3.org/2000/svg";
const LIGHT = { text: "#1b2430", soft: "#55606f", grid: "#e4e7ec", card: "#ffffff", c1: "#1b3a6b", c2: "#c8661c", c3: "#2c8577", c4: "#7d55a5", c5: "#a4851a", c6: "#858d99" };
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 2"];

export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.keys(LIGHT).map((name) => [name, style.getPropertyValue(`--${name}`).trim() || LIGHT[name]]));
}

function add(parent, name, attributes = {}, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function frame(width, height, label, colours) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("xmlns", NS);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("font-family", 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif');
  svg.setAttribute("font-size", "12");
  svg.setAttribute("fill", colours.soft);
  return svg;
}

/** About `count` round places between two numbers. */
export function ticks(low, high, count = 5) {
  const span = high - low || Math.abs(high) || 1, raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return found;
}

function logTicks(low, high) {
  const found = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.floor(Math.log10(high) + 1e-9); power++) found.push(10 ** power);
  return found.length > 1 ? found : [low, high];
}

function short(text, length) { return text.length > length ? text.slice(0, length - 1) + "…" : text; }

/**
 * Lines and points. `chart`: label, x and y ({name, unit, log}), series of {name, x, y, low, high, colour, dash, points,
 * open, size, faint, text}.
 */
export function drawLines(chart, width, colours) {
  const narrow = width < 480, height = Math.round(Math.min(330, Math.max(230, width * 0.55)));
  const shown = chart.series.filter((one) => !one.hideKey && one.name);
  const columns = narrow ? 1 : 2, keyRows = Math.ceil(shown.length / columns);
  const box = { left: 58, right: width - 14, top: 10, bottom: height - 44 };
  const svg = frame(width, height + keyRows * 18, chart.label, colours);
  const spread = (axis, low, high) => {
    const values = chart.series.flatMap((one) => [...one[axis], ...(low && one[low] ? one[low] : []), ...(high && one[high] ? one[high] : [])]).filter(Number.isFinite);
    let [a, b] = [Math.min(...values), Math.max(...values)];
    if (chart[axis].zero) a = Math.min(0, a);
    if (chart[axis].most) b = Math.max(chart[axis].most, b);
    if (a === b) { const more = Math.abs(a) * 0.1 || 1; a -= more; b += more; }
    if (chart[axis].log) return [a / 1.1, b * 1.1];
    const pad = (b - a) * 0.04;
    return [chart[axis].zero && a === 0 ? 0 : a - pad, b === chart[axis].most ? b : b + pad];
  };
  const scale = (axis, [a, b], from, to) => {
    const map = chart[axis].log ? (v) => Math.log(v / a) / Math.log(b / a) : (v) => (v - a) / (b - a);
    return (v) => from + map(v) * (to - from);
  };
  const rangeX = spread("x"), rangeY = spread("y", "low", "high");
  const px = scale("x", rangeX, box.left, box.right), py = scale("y", rangeY, box.bottom, box.top);
  for (const [axis, range] of [["x", rangeX], ["y", rangeY]]) {
    const about = chart[axis], [factor, name] = about.unit && about.unit !== "1" ? prefix(Math.max(Math.abs(range[0]), Math.abs(range[1]))) : [1, ""];
    for (const at of about.log ? logTicks(...range) : ticks(range[0], range[1], axis === "x" ? (narrow ? 4 : 6) : 5)) {
      const text = plain(at / factor);
      if (axis === "x") {
        add(svg, "line", { x1: px(at), x2: px(at), y1: box.top, y2: box.bottom, stroke: colours.grid });
        add(svg, "text", { x: px(at), y: box.bottom + 16, "text-anchor": "middle" }, text);
      } else {
        add(svg, "line", { x1: box.left, x2: box.right, y1: py(at), y2: py(at), stroke: colours.grid });
        add(svg, "text", { x: box.left - 7, y: py(at) + 4, "text-anchor": "end" }, text);
      }
    }
    const title = about.name + (about.unit ? unitName(about.unit, name) : "");
    if (axis === "x") add(svg, "text", { x: (box.left + box.right) / 2, y: box.bottom + 36, "text-anchor": "middle", fill: colours.text }, title);
    else add(svg, "text", { x: 12, y: (box.top + box.bottom) / 2, "text-anchor": "middle", fill: colours.text, transform: `rotate(-90 12 ${(box.top + box.bottom) / 2})` }, title);
  }
  add(svg, "path", { d: `M${box.left} ${box.top}V${box.bottom}H${box.right}`, fill: "none", stroke: colours.soft });
  for (const one of chart.series) {
    const colour = colours[one.colour] || one.colour, at = one.x.map((x, n) => [px(x), py(one.y[n])]).filter((point) => point.every(Number.isFinite));
    if (one.low) one.x.forEach((x, n) => add(svg, "line", { x1: px(x), x2: px(x), y1: py(one.low[n]), y2: py(one.high[n]), stroke: colour, "stroke-opacity": one.bars ? 0.9 : 0.35, "stroke-width": 1.5 }));
    if (!one.points) {
      const path = at.map(([x, y], n) => (n ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1)).join("");
      add(svg, "path", { d: path, fill: "none", stroke: colour, "stroke-width": one.width || 2, "stroke-dasharray": DASHES[one.dash || 0], "stroke-linejoin": "round", opacity: one.faint ? 0.5 : null });
    }
    if (one.points || one.marks) for (const [x, y] of at)
      add(svg, "circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: one.size || 3, fill: one.open ? colours.card : colour, "fill-opacity": one.open ? 0 : one.faint ? 0.3 : 1, stroke: one.faint ? "none" : colour, "stroke-width": 1.5 });
    if (one.text && at.length) {
      const [x, y] = at.at(-1);
      add(svg, "text", { x, y: y < box.top + 18 ? y + 20 : y - 10, "text-anchor": "middle", fill: colours.text }, one.text);
    }
  }
  shown.forEach((one, n) => {
    const x = box.left + (n % columns) * ((width - box.left) / columns), y = height + Math.floor(n / columns) * 18 + 8, colour = colours[one.colour] || one.colour;
    if (one.points) add(svg, "circle", { cx: x + 9, cy: y - 4, r: 3.5, fill: one.open ? "none" : colour, "fill-opacity": one.faint ? 0.4 : 1, stroke: one.faint ? "none" : colour, "stroke-width": 1.5 });
    else add(svg, "line", { x1: x, x2: x + 18, y1: y - 4, y2: y - 4, stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[one.dash || 0] });
    add(svg, "text", { x: x + 25, y }, short(one.name, Math.floor((width / columns - 60) / 6.2)));
  });
  return svg;
}

/** Stacked bars, one a row. `chart`: label, x ({name, unit}), parts (names, largest first), rows of {label, values, low, high}. */
export function drawBars(chart, width, colours) {
  const narrow = width < 560, left = narrow ? 12 : Math.min(190, 24 + 6.6 * Math.max(...chart.rows.map((row) => row.label.length)));
  const bar = chart.rows.length > 4 ? 18 : 24, step = bar + (narrow ? 26 : 14), columns = narrow ? 1 : Math.max(1, Math.floor(width / 210));
  const keyRows = Math.ceil(chart.parts.length / columns), bottom = 12 + chart.rows.length * step;
  const svg = frame(width, bottom + 44 + keyRows * 18, chart.label, colours);
  const most = Math.max(...chart.rows.map((row) => row.values.reduce((sum, one) => sum + one, 0))) || 1;
  const right = width - (chart.rows.some((row) => row.high > row.low) && !narrow ? 150 : 16), px = (value) => left + (value / most) * (right - left), [factor, name] = prefix(most);
  for (const at of ticks(0, most, narrow ? 4 : 7)) {
    add(svg, "line", { x1: px(at), x2: px(at), y1: 6, y2: bottom, stroke: colours.grid });
    add(svg, "text", { x: px(at), y: bottom + 16, "text-anchor": at === 0 && narrow ? "start" : "middle" }, plain(at / factor));
  }
  add(svg, "text", { x: (left + right) / 2, y: bottom + 35, "text-anchor": "middle", fill: colours.text }, chart.x.name + unitName(chart.x.unit, name));
  const colour = (n) => colours[`c${Math.min(n, 5) + 1}`];
  chart.rows.forEach((row, r) => {
    const y = 12 + r * step + (narrow ? 14 : 0);
    if (narrow) add(svg, "text", { x: left, y: y - 4, fill: colours.text }, short(row.label, 46));
    else add(svg, "text", { x: left - 10, y: y + bar / 2 + 4, "text-anchor": "end", fill: colours.text }, short(row.label, 26));
    let from = 0;
    row.values.forEach((value, n) => {
      if (!(value > 0)) return;
      const made = add(svg, "rect", { x: px(from).toFixed(2), y, width: Math.max(0.5, px(from + value) - px(from) - 0.6).toFixed(2), height: bar, fill: colour(n) });
      add(made, "title", {}, `${row.label}: ${chart.parts[n]}, ${plain(value / factor)} ${name}${chart.x.unit}`);
      from += value;
    });
    if (row.high > row.low) {
      const text = `${si(row.low, chart.x.unit)} to ${si(row.high, chart.x.unit)}`;
      if (narrow) add(svg, "text", { x: right, y: y - 4, "text-anchor": "end" }, text);
      else add(svg, "text", { x: px(from) + 10, y: y + bar / 2 + 4 }, text);
    }
  });
  chart.parts.forEach((part, n) => {
    const x = 12 + (n % columns) * ((width - 12) / columns), y = bottom + 60 + Math.floor(n / columns) * 18;
    add(svg, "rect", { x, y: y - 9, width: 11, height: 11, fill: colour(n), rx: 2 });
    add(svg, "text", { x: x + 17, y }, part);
  });
  return svg;
}

const cell = (value) => (value === null || value === undefined ? "" : typeof value === "string" && /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value));

export function csvOf(heads, rows) { return [heads, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n"; }

export function save(name, kind, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A plot in its place, redrawn when the place's width or the theme changes, with buttons for its files. */
export class Plot {
  constructor(place, tools, name, draw, csv) {
    Object.assign(this, { place, name, draw, csv, chart: null });
    new ResizeObserver(() => this.redraw()).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw(true));
    for (const [kind, label] of [["svg", "SVG"], ["csv", "CSV"]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.setAttribute("aria-label", `${name}: save as ${label}`);
      button.addEventListener("click", () => this.save(kind));
      tools.append(button);
    }
  }
  show(chart) { this.chart = chart; this.redraw(true); }
  redraw(always = false) {
    const width = Math.round(this.place.clientWidth);
    if (!this.chart || !width || (!always && width === this.width)) return;
    this.width = width;
    this.place.replaceChildren(this.draw(this.chart, width, palette()));
  }
  save(kind) {
    if (!this.chart) return;
    if (kind === "csv") return save(`${this.name}.csv`, "text/csv", this.csv(this.chart));
    const svg = this.draw(this.chart, 760, LIGHT), box = svg.getAttribute("viewBox").split(" ");
    const back = document.createElementNS(NS, "rect");
    for (const [key, value] of Object.entries({ width: box[2], height: box[3], fill: "#ffffff" })) back.setAttribute(key, value);
    svg.prepend(back);
    svg.setAttribute("width", box[2]);
    svg.setAttribute("height", box[3]);
    save(`${this.name}.svg`, "image/svg+xml", new XMLSerializer().serializeToString(svg));
  }
}

export function linesCsv(chart) {
  const heads = ["series", chart.x.name + unitName(chart.x.unit), chart.y.name + unitName(chart.y.unit), "low", "high"];
  return csvOf(heads, chart.series.flatMap((one) => one.x.map((x, n) => [one.name || one.text, x, one.y[n], one.low?.[n], one.high?.[n]])));
}

export function barsCsv(chart) {
  return csvOf(["row", ...chart.parts.map((part) => part + unitName(chart.x.unit)), "low" + unitName(chart.x.unit), "high" + unitName(chart.x.unit)],
    chart.rows.map((row) => [row.label, ...row.values, row.low, row.high]));
}
