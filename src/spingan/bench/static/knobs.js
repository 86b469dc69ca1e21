// The knobs: a slider and a box for each number, a list for each choice, all made from the schemas that the server sends.

const WORDS = { null: "as it is" };
const words = (choice) => WORDS[choice] || String(choice).replaceAll("_", " ");

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Number of the knob's field <-> number in its box: a share is typed in percent. */
const factor = (knob) => (knob.unit === "%" ? 100 : 1);
const tidy = (value) => Number(Number(value).toPrecision(6));

class Slider {
  constructor(knob) {
    const [low, high, steps] = knob.slider;
    this.log = knob.scale === "log";
    Object.assign(this, { knob, low, high, steps, first: this.log || (knob.empty && low !== 0) ? 1 : 0 }); // a place for "not set", where 0 is not that
  }
  get last() { return this.steps + this.first; }
  value(place) {
    if (place < this.first) return null;
    const part = (place - this.first) / this.steps;
    const value = this.log ? this.low * (this.high / this.low) ** part : this.low + (this.high - this.low) * part;
    if (this.knob.type === "integer") return Math.round(value);
    return this.log ? Number(value.toPrecision(2)) : tidy(value);
  }
  place(value) {
    if (value === null || value === undefined || (this.first && !this.knob.empty && value === this.knob.default)) return 0;
    const part = this.log ? Math.log(Math.max(value, this.low) / this.low) / Math.log(this.high / this.low) : (value - this.low) / (this.high - this.low);
    return Math.round(this.first + Math.min(1, Math.max(0, part)) * this.steps);
  }
}

class Knob {
  constructor(knob, change) {
    Object.assign(this, { knob, change, value: null, own: null });
    const id = `knob-${knob.key.replace(".", "-")}`, kind = knob.type === "choice" ? "choice" : "number";
    this.row = made("div", { class: `knob ${kind}`, "data-help": knob.help, "data-key": knob.key }, made("label", { for: id }, knob.label));
    const described = made("span", { id: `${id}-help`, class: "hidden" }, knob.help);
    if (knob.type === "choice") {
      this.list = made("select", { id, "aria-describedby": described.id });
      this.list.addEventListener("change", () => this.set(this.list.value === "" ? null : this.list.value));
      this.row.append(this.list);
      this.fill();
    } else {
      this.slider = new Slider(knob);
      this.range = made("input", { type: "range", id: `${id}-slider`, min: 0, max: this.slider.last, step: 1, "aria-label": `${knob.label}, slider` });
      this.box = made("input", { type: "number", id, step: "any", inputmode: "decimal", "aria-describedby": described.id });
      this.range.addEventListener("input", () => this.set(this.slider.value(Number(this.range.value)), this.range));
      this.box.addEventListener("input", () => { this.typing = true; });
      for (const kind of ["change", "blur"]) this.box.addEventListener(kind, () => { if (this.typing) { this.typing = false; this.typed(); } });
      this.row.append(this.range, this.box, made("span", { class: "unit" }, knob.unit));
      if (knob.type === "noise") {
        this.of = made("select", { class: "of", "aria-label": `${knob.label} is a fraction of` }, ...knob.choices.map((choice) => made("option", { value: choice }, `of ${words(choice)}`)));
        this.of.hidden = true;
        this.of.addEventListener("change", () => this.set(this.number(), this.of));
        this.row.append(this.of);
      }
    }
    if (knob.help) this.row.append(described);
    this.show(null, null);
  }
  number() { return this.value !== null && typeof this.value === "object" ? this.value.fraction : this.value; }
  typed() {
    const text = this.box.value.trim();
    let value = text === "" ? null : Number(text) / factor(this.knob);
    if (value !== null && !Number.isFinite(value)) value = null;
    if (value !== null) {
      const { minimum, maximum } = this.knob;
      if (minimum !== null) value = Math.max(minimum, value);
      if (maximum !== null) value = Math.min(maximum, value);
      value = this.knob.type === "integer" ? Math.round(value) : tidy(value);
    }
    this.set(value);
  }
  set(value) {
    if (this.knob.where === "condition" && value === this.knob.default) value = null;
    if (value !== null && this.knob.type === "noise") value = value === 0 ? null : { fraction: value, of: this.of.value };
    if (this.knob.key === "node_nm" && value !== null) value = Number(value);
    this.show(value, this.own);
    this.change(this.knob, value);
  }
  /** Show a value, null for none set, and what the technology has of its own. */
  show(value, own) {
    Object.assign(this, { value, own });
    const number = this.number(), usual = own ?? this.knob.default;
    this.row.classList.toggle("changed", value !== null);
    if (this.list) { this.fill(usual); this.list.value = value === null ? "" : String(value); return; }
    if (!this.typing) this.box.value = number === null ? "" : String(tidy(number * factor(this.knob))); // an answer does not take away what is being typed
    this.box.placeholder = typeof usual === "number" ? String(tidy(usual * factor(this.knob))) : this.knob.where === "condition" ? "0" : "–";
    const place = number === null && typeof usual === "number" && this.knob.where !== "condition" ? this.slider.place(usual) : this.slider.place(number ?? this.knob.default);
    if (document.activeElement !== this.range || this.slider.value(Number(this.range.value)) !== number) this.range.value = place;
    this.range.setAttribute("aria-valuetext", number === null ? "not set" : `${this.box.value} ${this.knob.unit}`);
    if (this.of) { this.of.hidden = value === null; if (value !== null) this.of.value = value.of; }
  }
  fill(usual = this.knob.default) {
    if (this.list.dataset.usual === String(usual) && this.list.options.length) return;
    this.list.dataset.usual = String(usual);
    const none = usual === null ? "not given" : `${words(usual)}${this.knob.unit ? " " + this.knob.unit : ""}, as it is`;
    this.list.replaceChildren(made("option", { value: "" }, none), ...this.knob.choices.map((choice) => made("option", { value: choice }, words(choice) + (this.knob.unit ? ` ${this.knob.unit}` : ""))));
  }
}

/** All knobs in their groups; `change(knob, value)` is told of each turn. */
export class Knobs {
  constructor(place, list, groups, change) {
    this.knobs = list.map((one) => new Knob(one, change));
    this.parts = groups.map((group, n) => {
      const inside = this.knobs.filter((one) => one.knob.group === group);
      const count = made("i");
      const details = made("details", { class: "group" }, made("summary", {}, made("b", {}, group), count), made("div", { class: "rows" }, ...inside.map((one) => one.row)));
      details.open = n < 3;
      place.append(details);
      return { inside, count, details };
    });
  }
  show(settings, values) {
    for (const one of this.knobs) {
      const { key, where } = one.knob;
      const value = where === "technology" ? settings.set[key] : where === "condition" ? settings.conditions[key] : settings[key];
      const shown = typeof value === "number" && one.knob.type === "noise" ? { fraction: value, of: "full_scale" } : value;
      one.show(shown ?? null, values?.[key] ?? null);
    }
    for (const { inside, count, details } of this.parts) {
      const changed = inside.filter((one) => one.value !== null).length;
      count.textContent = changed ? `${changed} set` : "";
      if (changed) details.open = true;
    }
  }
}
