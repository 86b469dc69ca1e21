// Long work: begun with the settings of the page, told of by the server, and found again after a reload or in another tab.

import { Plot, drawLines, linesCsv } from "./charts.js";
import { ask, clone, plain } from "./state.js";

const OFTEN_MS = 1000, SELDOM_MS = 5000;
const KINDS = { evaluate: "Evaluation", study: "Study", appraise: "Appraisal", adapt: "Adaptation" };
const STATES = { running: "running", done: "done", failed: "failed", cancelled: "cancelled" };
const NOTES = {
  evaluate: "Distance and variety by many images, with the float twin: some minutes.",
  study: "What one property does to the pictures, over seeds; pictures and a table are left in the job's folder. Minutes to hours.",
  appraise: "Is the technology good enough for the model, and what would have to change? The chip's own knobs are left out. Minutes, or hours for a model of which nothing ships.",
  adapt: "A training that goes on from the model's own run, in the arrays and with the noise of the settings. For a run folder that the bench was started with; hours.",
};
const $ = (id) => document.getElementById(id);

function lasting(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export class Jobs {
  constructor(page) { Object.assign(this, { page, rows: new Map(), timer: null }); }

  begin() {
    $("job-kind").addEventListener("change", () => this.choose());
    $("job").addEventListener("submit", (event) => { event.preventDefault(); this.start(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
    this.choose();
    this.look();
  }

  offer({ studies }) { $("job-name").replaceChildren(...studies.map((name) => new Option(name.replaceAll("-", " "), name))); }

  choose() {
    const kind = $("job-kind").value;
    for (const label of $("job").querySelectorAll("[data-for]")) label.hidden = !label.dataset.for.includes(kind);
    $("job-count").value = kind === "study" ? 2000 : 10000;
    $("job-note").textContent = NOTES[kind];
  }

  async start() {
    const kind = $("job-kind").value, asked = { kind, settings: clone(this.page.settings()) };
    if (kind === "evaluate" || kind === "study") asked.count = Number($("job-count").value);
    if (kind === "study") Object.assign(asked, { name: $("job-name").value, seeds: Number($("job-seeds").value) });
    if (kind === "adapt") asked.epochs = Number($("job-epochs").value);
    try { await ask("/api/jobs", asked); await this.look(); } catch (error) { this.page.complain(error); }
  }

  async look() {
    clearTimeout(this.timer);
    let running = false;
    try {
      const { jobs } = await ask("/api/jobs");
      running = jobs.some((job) => job.state === "running");
      this.show(jobs);
    } catch { /* the page says elsewhere that the bench does not answer */ }
    if (!document.hidden) this.timer = setTimeout(() => this.look(), running ? OFTEN_MS : SELDOM_MS);
  }

  show(jobs) {
    const numbers = new Set(jobs.map((job) => job.number));
    for (const [number, row] of this.rows) if (!numbers.has(number)) { row.remove(); this.rows.delete(number); }
    for (const job of [...jobs].reverse()) {
      let row = this.rows.get(job.number);
      if (!row) {
        row = $("job-row").content.firstElementChild.cloneNode(true);
        row.querySelector("strong").textContent = this.title(job);
        row.querySelector(".cancel").addEventListener("click", () => this.change(job.number, row));
        this.rows.set(job.number, row);
        $("jobs").prepend(row);
      }
      const [what, done, total] = job.progress, bar = row.querySelector("progress"), runs = job.state === "running";
      row.dataset.state = job.state;
      bar.hidden = !runs;
      if (total) bar.value = done / total; else bar.removeAttribute("value");
      bar.setAttribute("aria-label", `Progress of ${this.title(job)}`);
      row.querySelector(".state").textContent = runs ? `${what}${total ? `, ${Math.round((100 * done) / total)} %` : ""}, ${lasting(job.seconds)}` : `${STATES[job.state]} after ${lasting(job.seconds)}`;
      row.querySelector(".cancel").textContent = runs ? "Cancel" : "Remove";
      row.querySelector(".cancel").setAttribute("aria-label", `${runs ? "Cancel" : "Remove"}: ${this.title(job)}`);
      if (!runs && !row.dataset.found) { row.dataset.found = "1"; this.found(job, row.querySelector(".found")); }
    }
  }

  title(job) {
    const { model, technology } = job.settings;
    const more = job.kind === "evaluate" ? ` with ${job.count.toLocaleString("en")} images` : job.kind === "study" ? ` of ${job.name.replaceAll("-", " ")}` : job.kind === "appraise" ? "" : `, ${job.epochs} epoch${job.epochs > 1 ? "s" : ""}`;
    return `${KINDS[job.kind]}${more}: ${model}${technology ? ` on ${technology}` : ""}`;
  }

  async change(number, row) {
    try { this.show((await ask(`/api/jobs/${number}/${row.dataset.state === "running" ? "cancel" : "forget"}`, {})).jobs); } catch (error) { this.page.complain(error); }
  }

  async found(job, place) {
    if (job.error) {
      place.append(Object.assign(document.createElement("p"), { className: "wrong", textContent: `${job.error.problem} ${job.error.remedy}` }));
      return;
    }
    if (job.state !== "done") return;
    let result;
    try { ({ result } = await ask(`/api/jobs/${job.number}`)); } catch { return; }
    const say = (text) => place.append(Object.assign(document.createElement("p"), { textContent: text }));
    if (result.quality) {
      const { metric, value, floor, float_twin, variety, variety_floor, protocol } = result.quality;
      say(`${metric} ${plain(value)}; real images ${plain(floor)}${float_twin === null ? "" : `, float twin ${plain(float_twin)}`}. Recall ${variety.recall.toFixed(3)} (real images ${variety_floor.recall.toFixed(3)}), coverage ${variety.coverage.toFixed(3)} (${variety_floor.coverage.toFixed(3)}).`);
      say(`${protocol}.`);
    } else if (result.study) this.study(job, result.study, place, say);
    else if (result.verdict) [...result.verdict, `The whole appraisal is in ${result.page}.`].forEach(say);
    else say(`The run is in ${result.run}. Start the bench with it to see it: spingan bench ${result.run}`);
  }

  study(job, study, place, say) {
    const colours = ["c1", "c2", "c3", "c4", "c5", "c6"], usable = study.series.filter((one) => one.settings.length);
    const first = usable[0];
    if (first) {
      const chart = document.createElement("div"), tools = document.createElement("div");
      chart.className = "chart";
      tools.className = "tools";
      place.append(tools, chart);
      const same = usable.filter((one) => one.quantity === first.quantity && one.measure === first.measure);
      const values = first.settings.map((one) => one.value), log = Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) > 30;
      new Plot(chart, tools, `study-${job.name}`, drawLines, linesCsv).show({
        label: `${job.name}: ${first.measure} against ${first.quantity}`,
        x: { name: first.quantity, log }, y: { name: first.measure, unit: first.unit === "A" ? "A" : undefined, zero: true },
        series: same.map((one, n) => ({ name: one.name || one.axis, x: one.settings.map((each) => each.value), y: one.settings.map((each) => each.mean), low: one.settings.map((each) => each.low_95), high: one.settings.map((each) => each.high_95), bars: true, marks: true, colour: colours[n % 6], dash: Math.floor(n / 6) })),
      });
    }
    for (const claim of study.claims) say(`${claim.text}: ${claim.verdict}${claim.ours ? ` (${claim.ours})` : ""}`);
    say(`Pictures and table: ${job.folder}`);
  }
}
