// The curves of one or several jobs: five charts with common controls.
import { Chart, element } from "/assets/chart.js";

const measures = [
  { name: "Loss", unit: "nats a target token", of: points => points.map(p => [p, p.loss]) },
  { name: "BLEU", unit: "validation", evaluations: true },
  { name: "Learning rate", unit: "", of: points => points.map(p => [p, p.learningRate]) },
  { name: "Gradient norm", unit: "before clipping", of: points => points.map(p => [p, p.gradientNorm]) },
  { name: "Tokens/s", unit: "source and target", of: speeds },
];

// A point's tokens by the time since the point before.
function speeds(points) {
  return points.slice(1).map((p, i) => [p, (1000 * p.tokens) / Math.max(1, p.time - points[i].time)]);
}

// Protobuf's JSON leaves out zeros and writes 64-bit numbers as text.
function read(curve) {
  let tokens = 0;
  const points = (curve.points ?? []).map(p => ({
    step: Number(p.step ?? 0), time: Date.parse(p.endTime), loss: p.loss ?? 0, learningRate: p.learningRate ?? 0,
    gradientNorm: p.gradientNorm ?? 0, tokens: Number(p.tokenCount ?? 0), allTokens: (tokens += Number(p.tokenCount ?? 0)),
  }));
  const evaluations = (curve.evaluations ?? []).map(e => ({ step: Number(e.step ?? 0), bleu: e.bleu ?? 0 }));
  return { points, evaluations };
}

const axes = {
  steps: { label: "steps", of: (p, first) => p.step },
  tokens: { label: "tokens", of: (p, first) => p.allTokens },
  minutes: { label: "minutes", of: (p, first) => (p.time - first.time) / 60000 },
};

// An evaluation lies where the first point at or after its step lies.
function placed(evaluations, points) {
  let i = 0;
  return evaluations.flatMap(e => {
    while (i < points.length - 1 && points[i].step < e.step) i++;
    return points.length ? [[{ ...points[i], step: e.step }, e.bleu]] : [];
  });
}

function smoothed(line, weight) {
  let mean = null;
  return line.map(([x, y]) => [x, (mean = mean === null ? y : weight * mean + (1 - weight) * y)]);
}

export function showCurves(place, jobs, every) {
  const state = { axis: "steps", log: false, smoothing: 0, data: new Map(), tags: new Map() };
  place.textContent = "";
  const axis = element("select", { id: "axis" });
  for (const name of Object.keys(axes)) axis.append(element("option", { value: name }, name));
  const log = element("input", { type: "checkbox", id: "log" });
  const smoothing = element("input", { type: "range", id: "smoothing", min: 0, max: 0.98, step: 0.02, value: 0 });
  const reset = element("button", { type: "button", id: "reset" }, "Show all");
  const csv = element("button", { type: "button", id: "csv" }, "Download CSV");
  place.append(
    element("div", { class: "controls" },
      element("span", {}, element("label", { for: "axis" }, "Over "), axis),
      element("span", {}, log, element("label", { for: "log" }, " logarithmic")),
      element("span", {}, element("label", { for: "smoothing" }, "Smoothing "), smoothing),
      reset, csv),
    element("p", { class: "hint" }, "Drag over a chart to look closer; with the keyboard: + and − zoom, ← and → move, Escape shows all."),
  );
  if (jobs.length > 1) {
    place.append(element("ul", { class: "legend" }, ...jobs.map((job, i) => {
      const stroke = element("svg:svg", { viewBox: "0 0 24 8", "aria-hidden": "true" }, element("svg:line", { class: `c${i % 8}`, x1: 0, y1: 4, x2: 24, y2: 4, "stroke-width": 3 }));
      return element("li", {}, stroke, job);
    })));
  }
  const all = element("div", { class: "charts" });
  place.append(all);
  const view = { range: null };
  const charts = measures.map(measure => {
    const chart = new Chart(measure.name, measure.unit, { dots: measure.evaluations, onZoom: range => { view.range = range; draw(); } });
    all.append(chart.figure);
    return chart;
  });

  function lines(measure) {
    return jobs.map((job, i) => {
      const { points, evaluations } = state.data.get(job) ?? { points: [], evaluations: [] };
      const values = measure.evaluations ? placed(evaluations, points) : measure.of(points);
      const line = values.map(([p, y]) => [axes[state.axis].of(p, points[0]), y]);
      return { name: job, color: i % 8, line: measure.evaluations ? line : smoothed(line, state.smoothing) };
    });
  }

  function draw() {
    measures.forEach((measure, i) => charts[i].draw(lines(measure), { label: axes[state.axis].label, log: state.log, range: view.range }));
  }

  function download() {
    const rows = [["job", "step", "seconds", "loss", "learning_rate", "gradient_norm", "tokens"].join(",")];
    for (const job of jobs) {
      const { points } = state.data.get(job) ?? { points: [] };
      for (const p of points) rows.push([job, p.step, (p.time - points[0].time) / 1000, p.loss, p.learningRate, p.gradientNorm, p.tokens].join(","));
    }
    rows.push("", "job,step,bleu");
    for (const job of jobs) for (const e of state.data.get(job)?.evaluations ?? []) rows.push([job, e.step, e.bleu].join(","));
    const link = element("a", { href: URL.createObjectURL(new Blob([rows.join("\n") + "\n"], { type: "text/csv" })), download: `${jobs.join("-")}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  axis.addEventListener("change", () => { state.axis = axis.value; view.range = null; draw(); });
  log.addEventListener("change", () => { state.log = log.checked; draw(); });
  smoothing.addEventListener("input", () => { state.smoothing = Number(smoothing.value); draw(); });
  reset.addEventListener("click", () => { view.range = null; draw(); });
  csv.addEventListener("click", download);

  async function load(job) {
    const tag = state.tags.get(job);
    const response = await fetch(`/jobs/${encodeURIComponent(job)}/curve`, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (!response.ok) return false;
    state.tags.set(job, response.headers.get("ETag"));
    state.data.set(job, read(await response.json()));
    return true;
  }

  async function follow() {
    for (;;) {
      if (!document.hidden) {
        try {
          const changed = await Promise.all(jobs.map(load));
          if (changed.some(c => c) || !place.dataset.drawn) draw();
          place.dataset.drawn = "yes";
        } catch {
          // page.js tells the reader.
        }
      }
      await new Promise(done => setTimeout(done, every * 2));
    }
  }
  follow();
}
