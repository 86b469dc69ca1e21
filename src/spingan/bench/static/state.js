// What is set, as it travels in the page's address, and how the server is asked.

export const EMPTY = {
  technology: null, levels: null, synapse: null, activations: {}, set: {}, conditions: {}, node_nm: null,
  seed: 0, chip_seed: 0, fit_images: 256,
};

export function clone(value) { return JSON.parse(JSON.stringify(value)); }

/** Settings as the part of the address behind "#": readable, and only what differs from nothing set. */
export function toHash(settings) {
  const parts = new URLSearchParams({ model: settings.model });
  for (const key of ["technology", "levels", "synapse", "node_nm"])
    if (settings[key] !== null) parts.set(key, settings[key]);
  for (const [key, name] of Object.entries(settings.activations)) parts.set(`activation.${key}`, name);
  for (const [key, value] of Object.entries(settings.set)) parts.set(`set.${key}`, value === null ? "null" : value);
  for (const [key, value] of Object.entries(settings.conditions))
    parts.set(`chip.${key}`, typeof value === "object" ? `${value.fraction},${value.of}` : value);
  for (const key of ["seed", "chip_seed", "fit_images"])
    if (settings[key] !== EMPTY[key]) parts.set(key, settings[key]);
  return "#" + parts.toString();
}

/** The settings of an address; what no knob knows is left out. */
export function fromHash(hash, model, knobs) {
  const settings = { model, ...clone(EMPTY) };
  const kinds = Object.fromEntries(knobs.map((knob) => [knob.key, knob]));
  const number = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : null);
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const dot = key.indexOf("."), group = key.slice(0, dot), leaf = key.slice(dot + 1);
    if (key === "model") settings.model = text.slice(0, 4096);
    else if (key === "technology" || key === "synapse") settings[key] = text.slice(0, 4096);
    else if (key in EMPTY && number(text) !== null && typeof EMPTY[key] !== "object") settings[key] = number(text);
    else if ((key === "levels" || key === "node_nm") && number(text) !== null) settings[key] = number(text);
    else if (group === "activation") settings.activations[leaf] = text;
    else if (group === "set" && leaf in kinds) {
      const value = kinds[leaf].type === "choice" ? text : number(text);
      if (text === "null" || value !== null) settings.set[leaf] = text === "null" ? null : value;
    }
    else if (group === "chip" && leaf in kinds) {
      const [value, of] = text.split(",");
      if (number(value) === null) continue;
      settings.conditions[leaf] = of ? { fraction: number(value), of } : number(value);
    }
  }
  return settings;
}

export class Problem extends Error {
  constructor(said) { super(said.problem); this.problem = said.problem; this.remedy = said.remedy || ""; }
}

/** The server's answer; what it refuses is a Problem. */
export async function ask(path, body, options = {}) {
  const request = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, { ...request, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ problem: "The bench does not answer.", remedy: "Start it again in the terminal: spingan bench" });
  }
  let said;
  try { said = await answer.json(); } catch { said = { problem: `The bench answered ${answer.status}.` }; }
  if (!answer.ok) throw new Problem(said);
  return said;
}

const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"], [1e-15, "f"], [1e-18, "a"]];
const SIGNS = { Ohm: "Ω", 1: "" };

/** A prefix that suits a value: [factor, prefix]. */
export function prefix(value) {
  const size = Math.abs(value);
  return PREFIXES.find(([factor]) => size >= factor * 0.9995) || (size ? PREFIXES.at(-1) : [1, ""]);
}

export function plain(value, digits = 3) {
  if (value === 0) return "0";
  const text = Math.abs(value) >= 1e5 || Math.abs(value) < 1e-4 ? value.toExponential(Math.max(0, digits - 1)) : value.toPrecision(digits);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

/** A number as people write it: 0.33 nJ, not 3.3e-10 J. */
export function si(value, unit, digits = 3) {
  if (value === null || value === undefined) return "not counted";
  if (unit === "m2") {
    const [factor, name] = value >= 1e-6 ? [1e-6, "mm²"] : [1e-12, "µm²"];
    return `${plain(value / factor, digits)} ${name}`;
  }
  const sign = SIGNS[unit] ?? unit;
  if (!sign) return plain(value, digits);
  const [factor, name] = prefix(value);
  return `${plain(value / factor, digits)} ${name}${sign}`;
}

export const unitName = (unit, name = "") => { const sign = SIGNS[unit] ?? unit; return sign ? ` (${name}${sign})` : ""; };
