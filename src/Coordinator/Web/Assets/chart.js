// A line chart in SVG: axes, several lines, zoom by pointer and keyboard, values under the pointer, download.
const [width, height, left, right, top, bottom] = [520, 240, 56, 10, 8, 34];

export function element(name, attributes, ...children) {
  const made = name.startsWith("svg:") ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function ticks(from, to, count) {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough);
  const values = [];
  for (let v = Math.ceil(from / step) * step; v <= to + step * 1e-9; v += step) values.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return values;
}

export function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9) return `${+(value / 1e9).toPrecision(3)}G`;
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  return size < 1e-3 ? value.toExponential(1) : `${+value.toPrecision(4)}`;
}

export class Chart {
  constructor(name, unit, { dots = false, onZoom }) {
    Object.assign(this, { name, unit, dots, onZoom, series: [], options: {} });
    this.output = element("output", {});
    const save = element("button", { type: "button", "aria-label": `Download ${name} as SVG` }, "SVG");
    save.addEventListener("click", () => this.save());
    this.svg = element("svg:svg", { viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: "0" });
    this.figure = element("figure", { class: "chart" },
      element("figcaption", {}, element("h3", {}, unit ? `${name} (${unit})` : name), save), this.svg, this.output);
    this.svg.addEventListener("pointerdown", e => this.begin(e));
    this.svg.addEventListener("pointermove", e => this.move(e));
    this.svg.addEventListener("pointerup", e => this.end(e));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("dblclick", () => this.onZoom(null));
    this.svg.addEventListener("keydown", e => this.key(e));
  }

  draw(series, options) {
    this.series = series;
    this.options = options;
    this.svg.textContent = "";
    const shownLines = series.map(s => s.line.filter(([x, y]) => Number.isFinite(y) && (!options.log || y > 0)));
    const xs = shownLines.flatMap(line => line.map(([x]) => x));
    if (xs.length === 0) {
      this.svg.append(element("svg:text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "nothing yet"));
      this.svg.setAttribute("aria-label", `${this.name}: nothing yet`);
      return;
    }
    const whole = [Math.min(...xs), Math.max(...xs)];
    const [x0, x1] = (this.range = options.range ?? (whole[0] === whole[1] ? [whole[0] - 1, whole[1] + 1] : whole));
    this.whole = whole;
    const inside = shownLines.map(line => this.within(line, x0, x1));
    const scale = v => (options.log ? Math.log10(v) : v);
    const ys = inside.flatMap(line => line.map(([, y]) => scale(y)));
    let [y0, y1] = ys.length ? [Math.min(...ys), Math.max(...ys)] : [0, 1];
    if (y1 - y0 < 1e-12) [y0, y1] = [y0 - Math.max(1e-6, Math.abs(y0) * 0.1), y1 + Math.max(1e-6, Math.abs(y1) * 0.1)];
    this.toX = x => left + ((x - x0) / (x1 - x0)) * (width - left - right);
    this.toY = y => height - bottom - ((scale(y) - y0) / (y1 - y0)) * (height - top - bottom);
    for (const v of ticks(y0, y1, 5)) {
      const y = height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
      this.svg.append(element("svg:line", { class: "grid", x1: left, x2: width - right, y1: y, y2: y }),
        element("svg:text", { x: left - 6, y: y + 4, "text-anchor": "end" }, short(options.log ? 10 ** v : v)));
    }
    for (const v of ticks(x0, x1, 6)) {
      this.svg.append(element("svg:text", { x: this.toX(v), y: height - bottom + 16, "text-anchor": "middle" }, short(v)));
    }
    this.svg.append(element("svg:text", { x: width - right, y: height - 4, "text-anchor": "end" }, options.label));
    inside.forEach((line, i) => {
      const color = `c${series[i].color}`;
      const points = line.map(([x, y]) => `${this.toX(x).toFixed(1)},${this.toY(y).toFixed(1)}`);
      if (points.length > 1) this.svg.append(element("svg:polyline", { class: `series ${color}`, points: points.join(" ") }));
      if (this.dots || points.length === 1) {
        for (const [x, y] of line) this.svg.append(element("svg:circle", { class: `dot ${color}`, cx: this.toX(x), cy: this.toY(y), r: 2.5 }));
      }
    });
    this.cursor = element("svg:line", { class: "cursor", y1: top, y2: height - bottom, x1: -9, x2: -9 });
    this.svg.append(this.cursor);
    const last = series.map((s, i) => (shownLines[i].length ? `${series.length > 1 ? `${s.name} ` : ""}${short(shownLines[i].at(-1)[1])}` : null)).filter(t => t);
    this.svg.setAttribute("aria-label", `${this.name} over ${options.label}; newest: ${last.join(", ")}`);
  }

  // With the neighbours just outside, so that lines run to the border.
  within(line, x0, x1) {
    const first = line.findIndex(([x]) => x >= x0);
    let last = line.findLastIndex(([x]) => x <= x1);
    return first < 0 || last < 0 ? [] : line.slice(Math.max(0, first), last + 1);
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    const share = Math.min(1, Math.max(0, (x - left) / (width - left - right)));
    return this.range[0] + share * (this.range[1] - this.range[0]);
  }

  begin(event) {
    if (!this.range || event.button !== 0) return;
    this.from = this.at(event);
    this.choice = element("svg:rect", { class: "choice", y: top, height: height - top - bottom, x: this.toX(this.from), width: 0 });
    this.svg.append(this.choice);
    this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.range) return;
    const x = this.at(event);
    if (this.choice) {
      const [a, b] = [this.toX(this.from), this.toX(x)].sort((p, q) => p - q);
      this.choice.setAttribute("x", a);
      this.choice.setAttribute("width", b - a);
    }
    this.point(x);
  }

  end(event) {
    if (!this.choice) return;
    this.choice.remove();
    this.choice = null;
    const [a, b] = [this.from, this.at(event)].sort((p, q) => p - q);
    if (this.toX(b) - this.toX(a) > 6) this.onZoom([a, b]);
  }

  point(x) {
    if (!this.cursor) return;
    this.cursor.setAttribute("x1", x === null ? -9 : this.toX(x));
    this.cursor.setAttribute("x2", x === null ? -9 : this.toX(x));
    this.output.textContent = x === null ? "" : `${short(x)} ${this.options.label}: ` + this.series
      .filter(s => s.line.length)
      .map(s => {
        const near = s.line.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best));
        return `${this.series.length > 1 ? `${s.name} ` : ""}${short(near[1])}`;
      }).join(" · ");
  }

  key(event) {
    if (!this.range) return;
    const [a, b] = this.range;
    const size = b - a;
    const next = {
      "+": [a + size / 4, b - size / 4], "=": [a + size / 4, b - size / 4], "-": [a - size / 2, b + size / 2],
      ArrowLeft: [a - size / 4, b - size / 4], ArrowRight: [a + size / 4, b + size / 4], Escape: null,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    if (next === null || (next[0] <= this.whole[0] && next[1] >= this.whole[1])) this.onZoom(null);
    else this.onZoom([Math.max(this.whole[0], next[0]), Math.min(this.whole[1], next[1])]);
  }

  // The file stands alone: what the style sheet says goes into it.
  save() {
    const copy = this.svg.cloneNode(true);
    const parts = [...this.svg.querySelectorAll("*")];
    [...copy.querySelectorAll("*")].forEach((part, i) => {
      const style = getComputedStyle(parts[i]);
      for (const name of ["fill", "stroke", "stroke-width", "font-size"]) part.setAttribute(name, style.getPropertyValue(name));
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("font-family", "sans-serif");
    const link = element("a", { href: URL.createObjectURL(new Blob([copy.outerHTML], { type: "image/svg+xml" })), download: `${this.name.replaceAll(/[^A-Za-z]+/g, "-").toLowerCase()}.svg` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
