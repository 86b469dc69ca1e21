// The page: settings in, pictures, numbers, plots and lines that repeat them out.

import { Plot, barsCsv, drawBars, drawLines, linesCsv } from "./charts.js";
import { Jobs } from "./jobs.js";
import { Knobs } from "./knobs.js";
import { Measured } from "./measured.js";
import { EMPTY, Problem, ask, clone, fromHash, plain, si, toHash, unitName } from "./state.js";

const PATIENCE_MS = 1500; // a drawing that takes longer gives way to a newer setting; a shorter one is shown first
const PAUSE_MS = 120;
const LETTERS = "ABCD", COLOURS = ["c2", "c3", "c4", "c5"];
const $ = (id) => document.getElementById(id);

let start, knobs, settings, choices = null, drawn = 0;
const shown = { sketch: null, draw: null, judge: null, bill: null, curves: null, keys: {} };
const trail = [];
let kept = [];

/* Computing: the newest setting counts. */
const runs = {};
let waiting = null;

function key(what) {
  const { model, technology, levels, synapse, activations, set, node_nm } = settings;
  const arrays = [model, technology, levels, synapse, activations, set];
  if (what === "curves") return JSON.stringify(arrays);
  if (what === "bill") return JSON.stringify([arrays, node_nm]);
  return JSON.stringify({ ...settings, node_nm: null });
}

/** A drawing that began just now and takes no longer than a sketch would. */
const brief = () => runs.draw && performance.now() - runs.draw.since < PATIENCE_MS && !(shown.sketch?.png && shown.keys.sketch === runs.draw.key);

async function run(what) {
  const wanted = key(what);
  if (shown.keys[what] === wanted || runs[what]?.key === wanted) return true;
  if (runs[what]) {
    if (what === "draw" && brief()) { await runs[what].over; return run(what); }
    runs[what].abort.abort();
  }
  const abort = new AbortController(), mine = { key: wanted, abort, since: performance.now() };
  runs[what] = mine;
  const asked = clone(settings);
  mine.over = (async () => {
    try {
      const answer = await ask(`/api/${what}`, { settings: asked }, { signal: abort.signal });
      if (runs[what] !== mine) return false;
      Object.assign(shown, { [what]: answer, keys: { ...shown.keys, [what]: wanted } });
      show[what](answer, asked);
      return true;
    } catch (error) {
      if (error.name !== "AbortError" && runs[what] === mine) { complain(error); return false; }
      return error.name === "AbortError" ? null : false;
    } finally {
      if (runs[what] === mine) delete runs[what];
      busy();
    }
  })();
  busy();
  return mine.over;
}

async function refresh() {
  const turn = ++drawn;
  document.documentElement.dataset.state = "computing";
  history.replaceState(null, "", toHash(settings));
  for (const what of ["sketch", "judge", "bill", "curves"]) if (runs[what] && runs[what].key !== key(what)) runs[what].abort.abort();
  stale();
  lines();
  for (const what of ["sketch", "draw", "curves", "bill", "judge"]) {
    if (what === "sketch") {
      if (!old("draw") || runs.draw?.key === key("draw") || brief()) continue;
      runs.draw?.abort.abort();
    }
    const done = await run(what);
    if (turn !== drawn) return;
    if (done === false && (what === "sketch" || what === "draw")) break;
  }
  document.documentElement.dataset.state = "settled";
}

function changed() {
  clearTimeout(waiting);
  drawn++; // what is being computed is of an older setting: it ends nothing
  document.documentElement.dataset.state = "computing";
  knobs.show(settings, shown.curves?.values);
  waiting = setTimeout(refresh, PAUSE_MS);
}

const old = (what) => shown.keys[what] !== key(what);
function stale() {
  $("grid").classList.toggle("stale", old("draw") && (old("sketch") || !shown.sketch.png));
  $("numbers").querySelectorAll("[data-of]").forEach((one) => one.classList.toggle("stale", old(one.dataset.of)));
  $("chart-bill").classList.toggle("stale", old("bill"));
  $("chart-curve").classList.toggle("stale", old("curves"));
}

const NAMES = { sketch: "Sketching", draw: "Drawing", judge: "Judging 500 images", bill: "Counting", curves: "Reading the curves" };
function busy() {
  const what = Object.keys(runs)[0];
  const seconds = what ? Math.floor((performance.now() - runs[what].since) / 1000) : 0;
  $("status").textContent = what ? (choices ? NAMES[what] : "Loading") + (seconds > 1 ? `, ${seconds} s` : "") : "";
  $("stop").hidden = !(what && seconds > 1);
}
setInterval(busy, 1000);

function complain(error) {
  const place = $("problem"), title = document.createElement("strong");
  title.textContent = error instanceof Problem ? error.problem : `The page met an error: ${error.message}`;
  place.replaceChildren(title, error.remedy || "");
  place.hidden = false;
}

/* Showing. */
function pictures(answer, caption) {
  const picture = $("grid");
  picture.src = `data:image/png;base64,${answer.png}`;
  picture.width = answer.width;
  picture.height = answer.height;
  picture.alt = `${answer.count} pictures drawn by ${settings.model} on ${answer.technology}`;
  picture.hidden = false;
  picture.classList.remove("stale");
  $("blank").hidden = true;
  $("caption").textContent = caption;
  const missing = answer.not_simulated.filter((one) => one !== "").join(", ");
  $("not-simulated").textContent = missing ? `Stated, and without effect on the pictures: ${missing}.` : "";
  $("problem").hidden = true;
  stale();
}

const show = {
  sketch(answer) {
    if (!answer.png) return;
    pictures(answer, `A sketch, drawn in ${plain(answer.seconds, 2)} s: ${answer.roughly}. The exact pictures follow.`);
  },
  draw(answer) {
    pictures(answer, `${answer.count} pictures, drawn in ${plain(answer.seconds, 2)} s.`);
    $("png").href = $("grid").src;
  },
  judge(answer, asked) {
    trail.push({ distance: answer.distance, recall: answer.recall, asked: JSON.stringify(asked) });
    if (trail.length > 60) trail.shift();
    numbers();
    quality();
    stale();
  },
  bill() { numbers(); bill(); stale(); },
  curves(answer) {
    knobs.show(settings, answer.values);
    const list = $("curve"), before = list.value;
    const names = [...(answer.synapse ? [["synapse", "Synapse"]] : []), ...Object.keys(answer.activations).map((name) => [name, name.replaceAll("_", " ")])];
    list.replaceChildren(...names.map(([value, label]) => new Option(label, value)));
    if (names.some(([value]) => value === before)) list.value = before;
    else if (measured.kind && names.some(([value]) => value === measured.kind)) list.value = measured.kind;
    curve();
    stale();
  },
};

const RANGE = (low, high, unit) => (high > low ? `${si(low, unit)} to ${si(high, unit)}` : "");
function numbers() {
  const { judge, bill } = shown, one = bill?.drawing;
  const rows = [
    ["Distance", judge && plain(judge.distance), judge && `real images ${plain(judge.floor)}`, "judge", judge?.metric],
    ["Recall", judge && judge.recall.toFixed(2), judge && `real images ${judge.floor_recall.toFixed(2)}`, "judge", judge?.variety_metric],
    ["Coverage", judge && judge.coverage.toFixed(2), judge && `real images ${judge.floor_coverage.toFixed(2)}`, "judge", judge?.variety_metric],
    ["Energy of an image", one && si(one.energy_j || null, "J"), one && RANGE(one.low_j, one.high_j, "J"), "bill"],
    ["Time of an image", one && si(one.time_s, "s"), one && (one.time_pipelined_s ? `${si(one.time_pipelined_s, "s")} pipelined` : ""), "bill"],
    ["Area", one && si(one.area_m2, "m2"), one && (one.power_w ? `${si(one.power_w, "W")} mean power` : ""), "bill"],
  ];
  $("numbers").replaceChildren(...rows.map(([name, value, about, of, hint]) => {
    const group = document.createElement("div");
    group.dataset.of = of;
    if (hint) group.title = hint;
    const term = Object.assign(document.createElement("dt"), { textContent: name });
    const number = Object.assign(document.createElement("dd"), { className: "value", textContent: value || "–" });
    group.append(term, number, Object.assign(document.createElement("dd"), { className: "about", textContent: about || " " }));
    return group;
  }));
}

const now = () => ({ name: "Now", colour: "c1", settings, judge: shown.judge, bill: shown.bill, curves: shown.curves });
const compared = () => [now(), ...kept];

function quality() {
  const series = [];
  if (trail.length > 1) series.push({ name: "earlier settings", x: trail.map((one) => one.distance), y: trail.map((one) => one.recall), colour: "c6", points: true, faint: true, size: 3.5 });
  if (shown.judge) series.push({ name: "real images", x: [shown.judge.floor], y: [shown.judge.floor_recall], colour: "c6", points: true, open: true, size: 5 });
  for (const one of compared()) if (one.judge) series.push({ name: one.name === "Now" ? "now" : title(one), text: one.name, hideKey: true, x: [one.judge.distance], y: [one.judge.recall], colour: one.colour, points: true, size: one.name === "Now" ? 6 : 5 });
  if (shown.judge) plots.quality.show({ label: `Distance against recall: now ${plain(shown.judge.distance)} and ${shown.judge.recall.toFixed(2)}`, x: { name: `distance, ${shown.judge.metric}`, zero: true }, y: { name: "recall", zero: true, most: 1 }, series });
  const heads = ["Setting", "Distance", "Recall", "Coverage", "Energy", ""];
  const head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(row("th", heads));
  for (const one of compared()) {
    const account = one.bill?.drawing;
    const cells = row("td", ["", one.judge ? plain(one.judge.distance) : "–", one.judge ? one.judge.recall.toFixed(2) : "–", one.judge ? one.judge.coverage.toFixed(2) : "–", account ? si(account.energy_j || null, "J") : "–", ""]);
    const mark = document.createElement("i");
    mark.className = "swatch";
    mark.style.background = `var(--${one.colour})`;
    cells.firstChild.append(mark, one.name === "Now" ? "Now" : title(one));
    if (one.name !== "Now") cells.lastChild.append(button("Restore", `Restore setting ${one.name}`, () => { settings = clone(one.settings); synchronise(); changed(); }), button("Drop", `Drop setting ${one.name}`, () => { kept = kept.filter((other) => other !== one); remember(); }));
    body.append(cells);
  }
  $("compared").replaceChildren(head, body);
}

function row(kind, cells) {
  const made = document.createElement("tr");
  for (const text of cells) made.append(Object.assign(document.createElement(kind), { textContent: text }));
  return made;
}

function button(text, label, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: text });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function bill() {
  if (!shown.bill) return;
  const account = $("account").value, layers = $("bars").value === "layers";
  const about = shown.bill[account];
  if (!about) { $("chart-bill").textContent = "No training is billed for this model: it names no recipe."; plots.bill.chart = null; return; }
  const accounts = compared().filter((one) => one.bill?.[account]);
  const totals = {};
  for (const one of layers ? [now()] : accounts) for (const [name, item] of Object.entries(one.bill[account].items)) totals[name] = (totals[name] || 0) + item.energy_j / (one.bill[account].energy_j || 1);
  const names = Object.keys(totals).sort((a, b) => totals[b] - totals[a]), top = names.slice(0, 5), rest = names.slice(5);
  const parts = rest.length ? [...top, `${rest.length} other parts`] : top;
  const rows = layers
    ? about.layers.map((layer) => {
        const of = (name) => about.items[name].layers[layer] || 0;
        return { label: layer, values: [...top.map(of), ...(rest.length ? [rest.reduce((sum, name) => sum + of(name), 0)] : [])] };
      })
    : accounts.map((one) => {
        const items = one.bill[account].items, of = (name) => items[name]?.energy_j || 0;
        const label = one.name === "Now" ? `Now: ${si(one.bill[account].energy_j, "J")}` : `${one.name}: ${si(one.bill[account].energy_j, "J")}`;
        return { label, values: [...top.map(of), ...(rest.length ? [rest.reduce((sum, name) => sum + of(name), 0)] : [])], low: one.bill[account].low_j, high: one.bill[account].high_j };
      });
  plots.bill.show({ label: `Energy to ${account === "drawing" ? "draw" : "train with"} an image: ${si(about.energy_j, "J")}`, x: { name: "energy, one image", unit: "J" }, parts, rows });
  $("uncounted").replaceChildren(...[...about.not_counted.map((one) => `Not counted: ${one}`), ...shown.bill.assumed.map((one) => `Assumed: ${one}`)].map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function curve() {
  const name = $("curve").value, own = shown.curves;
  if (!own || !name) { plots.curve.chart = null; $("chart-curve").textContent = "Weights are floats and activations are exact: there is no device."; return; }
  const synapse = name === "synapse", series = [], axes = synapse
    ? { x: { name: "level" }, y: { name: own.synapse.unit === "1" ? "conductance, normalised" : "conductance", unit: own.synapse.unit } }
    : { x: { name: "input", unit: own.activations[name].input_unit }, y: { name: "output", unit: own.activations[name].output_unit } };
  const done = new Set();
  for (const one of compared().reverse()) {
    const found = synapse ? one.curves?.synapse : one.curves?.activations[name];
    const mark = JSON.stringify(found);
    if (!found || (one.name !== "Now" && mark === JSON.stringify(synapse ? own.synapse : own.activations[name])) || done.has(mark)) continue;
    done.add(mark);
    const dash = one.name === "Now" ? 0 : 1, label = one.name === "Now" ? found.name : `${one.name}: ${found.name}`;
    if (synapse) {
      if (found.unit !== own.synapse.unit) continue;
      const few = found.states <= 40;
      series.push({ name: label, x: found.level, y: found.conductance, low: found.error?.map((e, n) => found.conductance[n] - e), high: found.error?.map((e, n) => found.conductance[n] + e), colour: one.colour, dash, marks: few, size: 2.4 });
    } else {
      if (found.input_unit !== axes.x.unit || found.output_unit !== axes.y.unit) continue;
      series.push({ name: label, x: found.input, y: found.rising, colour: one.colour, dash });
      if (found.falling) series.push({ name: `${label}, falling`, x: found.input, y: found.falling, colour: one.colour, dash: 2 });
    }
  }
  const overlay = measured.series(name, axes);
  if (overlay) series.unshift(overlay);
  plots.curve.show({ label: `${name} of ${own.technology}`, ...axes, series });
}

async function lines() {
  const asked = clone(settings);
  try {
    const found = await ask("/api/repeat", { settings: asked });
    if (JSON.stringify(asked) !== JSON.stringify(settings)) return;
    shown.lines = found;
    language();
  } catch { $("repeat").textContent = ""; }
}

function language() {
  if (shown.lines) $("repeat").textContent = shown.lines[$("language").value];
  const more = settings.technology !== null ? ` The arrays are fitted to ${settings.fit_images} images; spingan's own default is 4,096.` : "";
  $("repeat-note").textContent = `These lines give the pictures and the numbers above, on any machine with the same version.${more}`;
}

/* Settings that are kept. */
function keep() {
  if (!shown.draw || !shown.judge || !shown.bill) return;
  const free = [...LETTERS].find((letter) => !kept.some((one) => one.name === letter));
  if (!free) kept.shift();
  const name = free || [...LETTERS].find((letter) => !kept.some((one) => one.name === letter));
  kept.push({ name, colour: COLOURS[LETTERS.indexOf(name)], label: described(settings), settings: clone(settings), png: shown.draw.png, judge: shown.judge, bill: shown.bill, curves: shown.curves });
  remember();
}

function described(one) {
  const parts = one.technology ? [one.technology] : [];
  if (one.levels) parts.push(`${one.levels} levels`);
  for (const [name, value] of [...Object.entries(one.set), ...Object.entries(one.conditions)]) {
    const knob = start.knobs.find((each) => each.key === name);
    const number = value !== null && typeof value === "object" ? value.fraction : value;
    const text = knob.unit === "%" ? `${plain(number * 100)} %` : typeof number === "number" ? `${plain(number)}${knob.unit ? ` ${knob.unit}` : ""}` : String(number).replaceAll("_", " ");
    parts.push(`${knob.label.toLowerCase().replace("dac", "DAC").replace("adc", "ADC")} ${text}`);
  }
  if (one.node_nm) parts.push(`${one.node_nm} nm`);
  return parts.join(", ") || "as trained";
}

/** A kept setting by its letter and what it sets; its model where that is another than now. */
const title = (one) => `${one.name}: ${one.settings.model === settings.model ? "" : `${one.settings.model}, `}${one.label}`;

function remember() {
  try { sessionStorage.setItem("kept", JSON.stringify(kept)); } catch { /* a full store only forgets on reload */ }
  $("kept-pictures").replaceChildren(...kept.map((one) => {
    const figure = document.createElement("figure"), picture = new Image();
    picture.src = `data:image/png;base64,${one.png}`;
    picture.alt = `Pictures of setting ${title(one)}`;
    const caption = document.createElement("figcaption"), mark = document.createElement("i");
    mark.className = "swatch";
    mark.style.background = `var(--${one.colour})`;
    caption.append(mark, `${one.name}, distance ${plain(one.judge.distance)}`);
    figure.append(picture, caption);
    return figure;
  }));
  quality();
  bill();
  curve();
}

/* Controls. */
function turn(knob, value) {
  const into = { technology: settings.set, condition: settings.conditions }[knob.where];
  if (into && value === null) delete into[knob.key];
  else if (into) into[knob.key] = value;
  else settings[knob.key] = value;
  if (knob.where === "technology" || knob.where === "device") base();
  changed();
}

/** Arrays that are changed start from a technology: that of the model, where none is chosen. */
function base() {
  const varied = Object.keys(settings.set).length || Object.keys(settings.activations).length || settings.levels !== null || settings.synapse;
  if (!varied || settings.technology !== null) return;
  const own = shown.draw?.own_technology;
  settings.technology = start.technologies.includes(own) ? own : start.technologies[0];
  $("technology").value = settings.technology;
}

function synchronise() {
  if ([...$("model").options].every((one) => one.value !== settings.model)) $("model").add(new Option(settings.model, settings.model));
  $("model").value = settings.model;
  $("technology").value = settings.technology ?? "";
  if (settings.technology !== null && $("technology").value !== settings.technology) {
    $("technology").add(new Option(settings.technology, settings.technology));
    $("technology").value = settings.technology;
  }
  for (const name of ["seed", "chip_seed", "fit_images"]) $(name).value = settings[name];
  knobs.show(settings, shown.curves?.values);
}

function listen() {
  $("model").addEventListener("change", () => { settings.model = $("model").value; trail.length = 0; changed(); });
  $("technology").addEventListener("change", () => {
    settings.technology = $("technology").value || null;
    if (settings.technology === null) Object.assign(settings, { set: {}, activations: {}, synapse: null, levels: null, fit_images: EMPTY.fit_images });
    synchronise();
    changed();
  });
  for (const name of ["seed", "chip_seed", "fit_images"]) $(name).addEventListener("change", () => {
    const value = Math.max(Number($(name).min), Math.round(Number($(name).value)) || 0);
    settings[name] = Number.isSafeInteger(value) ? value : 0;
    if (name === "fit_images" && settings.technology === null) settings[name] = EMPTY.fit_images;
    synchronise();
    changed();
  });
  $("skip").addEventListener("click", () => $("results").focus());
  $("jump").addEventListener("click", () => { $("knobs").scrollIntoView(); $("groups").querySelector("summary").focus({ preventScroll: true }); });
  $("reset").addEventListener("click", () => { settings = { model: settings.model, ...clone(EMPTY) }; synchronise(); changed(); });
  $("keep").addEventListener("click", keep);
  $("stop").addEventListener("click", () => { drawn++; document.documentElement.dataset.state = "settled"; Object.values(runs).forEach((one) => one.abort.abort()); $("status").textContent = "Stopped"; });
  $("share").addEventListener("click", () => copied($("share"), location.href));
  $("copy").addEventListener("click", () => copied($("copy"), $("repeat").textContent));
  $("language").addEventListener("change", language);
  for (const id of ["account", "bars"]) $(id).addEventListener("change", bill);
  $("curve").addEventListener("change", curve);
  $("knobs").addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["pointerover", "focusin"]) $("knobs").addEventListener(kind, (event) => {
    const knob = event.target.closest("[data-help]");
    if (knob) $("help").textContent = knob.dataset.help || `${knob.querySelector("label").textContent}: a field of the technology, ${knob.dataset.key}.`;
  });
  addEventListener("hashchange", () => { settings = fromHash(location.hash, start.settings.model, start.knobs); synchronise(); changed(); });
}

async function copied(place, text) {
  const before = place.textContent;
  try { await navigator.clipboard.writeText(text); place.textContent = "Copied"; } catch { place.textContent = "Copying was not allowed"; }
  setTimeout(() => { place.textContent = before; }, 1500);
}

function use(kind, file) {
  if (kind === "synapse") settings.synapse = file; else settings.activations[kind] = file;
  base();
  changed();
}

const plots = {
  quality: new Plot($("chart-quality"), $("tools-quality"), "distance-and-variety", drawLines, linesCsv),
  bill: new Plot($("chart-bill"), $("tools-bill"), "energy", drawBars, barsCsv),
  curve: new Plot($("chart-curve"), $("tools-curve"), "device", drawLines, linesCsv),
};
const measured = new Measured($("device"), { complain, use, redraw: curve, curve: () => $("curve").value, choose: (name) => { $("curve").value = name; } });
const jobs = new Jobs({ settings: () => settings, complain });

try {
  start = await ask("/api/start");
  measured.most = start.most_body_bytes;
  settings = fromHash(location.hash, start.settings.model, start.knobs);
  knobs = new Knobs($("groups"), start.knobs, start.groups, turn);
  $("technology").replaceChildren(new Option("as trained", ""), ...start.technologies.map((name) => new Option(name, name)));
  try { kept = JSON.parse(sessionStorage.getItem("kept")) || []; } catch { kept = []; }
  numbers();
  synchronise();
  listen();
  remember();
  jobs.begin();
  document.documentElement.dataset.ready = "page";
  const loading = ask("/api/choices").then((found) => {
    choices = found;
    $("model").replaceChildren(...choices.models.map((one) => new Option(one.name, one.name)));
    synchronise();
  });
  lines();
  await Promise.all([loading, refresh()]);
  jobs.offer(await ask("/api/choices?studies=1"));
} catch (error) { complain(error); }
document.documentElement.dataset.ready = "all";
