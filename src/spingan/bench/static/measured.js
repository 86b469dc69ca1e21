// A user's own CSV: dropped or opened, laid over the device's curve, fitted, and used as the device.

import { Problem, ask, plain } from "./state.js";

const FUNCTIONS = ["relu", "leaky_relu", "tanh", "sigmoid"];

export class Measured {
  constructor(card, page) {
    Object.assign(this, { card, page, most: 20_000_000, file: null, said: null });
    this.place = card.querySelector("#measured");
    card.addEventListener("dragover", (event) => { event.preventDefault(); card.classList.add("over"); });
    card.addEventListener("dragleave", () => card.classList.remove("over"));
    card.addEventListener("drop", (event) => { event.preventDefault(); card.classList.remove("over"); this.take(event.dataTransfer.files); });
    card.querySelector("#file").addEventListener("change", (event) => { this.take(event.target.files); event.target.value = ""; });
    for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault()); // a file beside the card opens nothing
  }

  /** What the file stands for: synapse, or the function of an activation; null without a file. */
  get kind() { return this.said ? (this.said.kind === "synapse" ? "synapse" : this.said.function || this.stands?.value || null) : null; }

  async take(files) {
    if (!files.length) return;
    const file = files[0];
    try {
      if (file.size > this.most) throw new Problem({ problem: `${file.name} is larger than ${this.most / 1e6} MB.`, remedy: "Drop a smaller file: a table of numbers." });
      const answer = await ask(`/api/files?name=${encodeURIComponent(file.name)}`, undefined, { method: "POST", headers: { "Content-Type": "text/csv" }, body: file });
      Object.assign(this, { file: answer.file, said: answer });
      this.offer();
    } catch (error) { this.page.complain(error); }
  }

  offer() {
    const title = document.createElement("strong");
    title.textContent = this.said.called;
    this.place.replaceChildren(title);
    this.place.hidden = false;
    if (this.said.kind === "table") this.offerTable();
    else {
      this.page.choose(this.kind);
      this.button(`Use it as the ${this.kind.replace("_", " ")}`, () => { this.page.use(this.kind, this.file); this.say("The technology now has it.", "fitted"); });
    }
    this.page.redraw();
  }

  offerTable() {
    const names = this.said.columns.map((one) => one.name);
    const redraw = () => { this.units(); this.page.choose(this.stands.value); this.page.redraw(); };
    this.x = this.list("across", names, names[0], redraw);
    this.xUnit = this.list("in", this.unitNames(), "", redraw);
    this.y = this.list("up", names, names[1], redraw);
    this.yUnit = this.list("in", this.unitNames(), "", redraw);
    const likely = this.page.curve() || "relu";
    this.stands = this.list("stands for", ["synapse", ...FUNCTIONS], likely, () => { this.levels.parentElement.hidden = this.stands.value !== "synapse"; redraw(); });
    this.levels = document.createElement("input");
    Object.assign(this.levels, { type: "number", min: 2, max: 4096, value: 64 });
    const label = document.createElement("label");
    label.append("levels", this.levels);
    label.hidden = likely !== "synapse";
    this.place.append(label);
    this.button("Fit and use it", () => this.fit());
    this.units();
  }

  unitNames() { return ["", ...Object.keys(this.said.units).filter((one) => one && one !== "1")]; }

  /** A unit that the file states is not asked for. */
  units() {
    for (const [column, unit] of [[this.x, this.xUnit], [this.y, this.yUnit]]) {
      const own = this.said.columns.find((one) => one.name === column.value).unit;
      unit.disabled = own !== null;
      if (own !== null) unit.value = own in this.said.units ? own : "";
    }
  }

  list(label, names, value, change) {
    const made = document.createElement("label"), list = document.createElement("select");
    list.append(...names.map((name) => new Option(name === "" ? "no unit" : name.replace("_", " "), name)));
    list.value = value;
    list.addEventListener("change", change);
    made.append(label, list);
    this.place.append(made);
    return list;
  }

  button(text, act) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    made.addEventListener("click", act);
    this.place.append(made);
  }

  say(text, kind = "said") {
    this.place.querySelector(`.${kind}`)?.remove();
    this.place.append(Object.assign(document.createElement("p"), { className: kind, textContent: text }));
  }

  async fit() {
    const asked = { x: this.x.value, y: this.y.value, function: this.stands.value, states: Number(this.levels.value) };
    if (!this.xUnit.disabled) asked.x_unit = this.xUnit.value;
    if (!this.yUnit.disabled) asked.y_unit = this.yUnit.value;
    try {
      const found = await ask(`/api/files/${this.file}/fit`, asked);
      this.say(`Fitted to ${found.points} points: ${plain(found.rms_error * 100)} % of the span rms, ${plain(found.maximum_error * 100)} % at most. The technology now has it.`, "fitted");
      this.page.use(asked.function, found.file);
    } catch (error) { this.page.complain(error); }
  }

  /** The measured points for the curve that is shown, in its units; stretched onto it where the units are others. */
  series(curve, axes) {
    if (!this.said || this.kind !== curve) return null;
    if (this.said.kind === "synapse") return { name: this.said.called, x: this.said.synapse.level, y: this.said.synapse.conductance, colour: "c2", points: true, open: true };
    if (this.said.kind === "activation") return { name: this.said.called, x: this.said.activation.input, y: this.said.activation.rising, colour: "c2", points: true, open: true };
    const numbers = (name, unit) => {
      const column = this.said.columns.find((one) => one.name === name), [si, factor] = this.said.units[column.unit ?? unit.value] || ["1", 1];
      return { si, values: column.numbers.map((value) => value * factor) };
    };
    const x = numbers(this.x.value, this.xUnit), y = numbers(this.y.value, this.yUnit);
    const fits = (found, axis) => !axis.unit || axis.unit === found.si;
    const normalised = axes.y.unit === "1" && y.si !== "1";
    const stretched = (values) => { const low = Math.min(...values), span = Math.max(...values) - low || 1; return values.map((value) => (value - low) / span); };
    if (normalised) y.values = stretched(y.values);
    else if (!fits(x, axes.x) || !fits(y, axes.y)) { this.say(`The file is in ${y.si} against ${x.si}, and the curve in ${axes.y.unit} against ${axes.x.unit || "levels"}: choose the units.`); return null; }
    this.place.querySelector(".said")?.remove();
    return { name: `${this.said.called}${normalised ? ", normalised" : ""}`, x: x.values, y: y.values, colour: "c2", points: true, open: true, size: 2.6 };
  }
}
