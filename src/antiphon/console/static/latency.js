// How long the caller waited for each answer: one small bar a turn, stacked from its parts.

const TARGET_MS = 800; // what people take for a prompt answer; the line in the chart, named in page.css
const KEPT = 24;
const COLOURS = 6;

export class Latencies {
  constructor({ panel, chart, legend, summary }) {
    Object.assign(this, { panel, chart, legend, summary });
    this.clear();
  }

  clear() {
    this.turns = [];
    this.names = [];
    this.#draw();
  }

  add({ turn, total_ms, parts_ms }) {
    this.turns.push({ turn, total: total_ms, parts: Object.entries(parts_ms) });
    this.turns = this.turns.slice(-KEPT);
    for (const name of Object.keys(parts_ms)) if (!this.names.includes(name)) this.names.push(name);
    this.#draw();
  }

  #draw() {
    this.panel.hidden = !this.turns.length;
    if (!this.turns.length) return;
    const top = Math.max(TARGET_MS * 1.25, ...this.turns.map(({ total }) => total));
    this.chart.replaceChildren(...this.turns.map((turn) => this.#bar(turn, top)));
    this.chart.style.setProperty("--target", `${(100 * TARGET_MS) / top}%`);
    this.legend.replaceChildren(...this.names.map((name, i) => legendEntry(name, i)));
    const totals = this.turns.map(({ total }) => total).sort((a, b) => a - b);
    const median = totals[Math.floor(totals.length / 2)];
    const last = this.turns[this.turns.length - 1].total;
    this.summary.textContent = `last ${Math.round(last)} ms, median ${Math.round(median)} ms`;
  }

  #bar({ turn, total, parts }, top) {
    const bar = document.createElement("li");
    bar.className = "bar";
    const words = parts.map(([name, ms]) => `${name} ${Math.round(ms)}`).join(", ");
    bar.title = `Turn ${turn}: ${Math.round(total)} ms${words ? ` (${words})` : ""}`;
    bar.setAttribute("aria-label", bar.title);
    const known = parts.reduce((sum, [, ms]) => sum + ms, 0);
    for (const [name, ms] of [...parts, ["", Math.max(0, total - known)]]) {
      const piece = document.createElement("span");
      piece.className = name ? `c${this.names.indexOf(name) % COLOURS}` : "rest";
      piece.style.height = `${(100 * ms) / top}%`;
      bar.append(piece);
    }
    return bar;
  }
}

function legendEntry(name, i) {
  const entry = document.createElement("li");
  const swatch = document.createElement("i");
  swatch.className = `c${i % COLOURS}`;
  entry.append(swatch, name.replaceAll("_", " "));
  return entry;
}
