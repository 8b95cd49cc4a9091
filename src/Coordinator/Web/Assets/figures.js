// Interactive figures of the course. The mathematics is apart from the drawing, so that tests can hold it against the equations.
import { element, short } from "/assets/chart.js";

// Numbers that look random and are the same for everyone (mulberry32).
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Standard normal numbers (Box, Muller 1958).
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function softmax(scores) {
  const greatest = Math.max(...scores);
  const powers = scores.map(s => Math.exp(s - greatest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(p => p / sum);
}

export const kernelWeights = (query, keys, sigma) => softmax(keys.map(k => -((query - k) ** 2) / (2 * sigma ** 2)));
export const pooled = (query, keys, values, sigma) => kernelWeights(query, keys, sigma).reduce((sum, w, i) => sum + w * values[i], 0);
export const frequency = (j, d) => 10000 ** ((-2 * j) / d);
export const encoding = (i, j, d) => [Math.sin(i * frequency(j, d)), Math.cos(i * frequency(j, d))];
// The pair of position i, turned by δ ω: the pair of position i + δ.
export function turned([s, c], angle) {
  return [s * Math.cos(angle) + c * Math.sin(angle), c * Math.cos(angle) - s * Math.sin(angle)];
}
export const entropy = weights => -weights.reduce((sum, w) => sum + (w > 0 ? w * Math.log(w) : 0), 0);

const svg = (name, attributes, ...children) => element(`svg:${name}`, attributes, ...children);
const place = id => document.getElementById(id);
const value = id => Number(place(id).value);

function clear(id, label) {
  const drawing = place(id);
  drawing.textContent = "";
  drawing.setAttribute("aria-label", label);
  return drawing;
}

const truth = x => 2 * Math.sin(x) + x ** 0.8;
const random = generator(7);
const keys = Array.from({ length: 50 }, () => 5 * random()).sort((a, b) => a - b);
const values = keys.map(x => truth(x) + 0.5 * normal(random));

function drawKernel() {
  const [sigma, query] = [value("sigma"), value("query")];
  const x = v => 30 + v * 120;
  const y = v => 240 - v * 40;
  const line = f => Array.from({ length: 101 }, (_, i) => `${x(i / 20).toFixed(1)},${y(f(i / 20)).toFixed(1)}`).join(" ");
  const weights = kernelWeights(query, keys, sigma);
  const greatest = Math.max(...weights);
  const answer = pooled(query, keys, values, sigma);
  const words = `σ ${short(sigma)}: at q = ${short(query)} the mean is ${answer.toFixed(2)} (without noise ${truth(query).toFixed(2)}); `
    + `${weights.filter(w => w > greatest / 20).length} of ${keys.length} keys weigh more than a twentieth of the nearest`;
  const drawing = clear("kernel", `Noisy points and their weighted mean. ${words}`);
  drawing.append(
    svg("polyline", { class: "series c7", points: line(truth), "stroke-dasharray": "4 4" }),
    svg("polyline", { class: "series c0", points: line(q => pooled(q, keys, values, sigma)) }),
    svg("line", { class: "cursor", x1: x(query), x2: x(query), y1: 10, y2: 250 }),
    ...keys.map((k, i) => svg("circle", { class: "dot c1", cx: x(k), cy: y(values[i]), r: 2.5, opacity: (0.25 + 0.75 * (weights[i] / greatest)).toFixed(2) })),
    ...keys.map((k, i) => svg("line", { class: "c1", x1: x(k), x2: x(k), y1: 290, y2: 290 - 30 * (weights[i] / greatest), "stroke-width": 3 })),
    svg("circle", { class: "dot c0", cx: x(query), cy: y(answer), r: 5 }),
    svg("text", { x: 4, y: 262 }, "weights"),
  );
  place("kernel-words").textContent = words;
}

function drawPositions() {
  const d = 32;
  const [i, delta, j] = [value("position"), value("offset"), value("pair")];
  const here = encoding(i, j, d);
  const there = encoding(i + delta, j, d);
  const angle = delta * frequency(j, d);
  const words = `pair ${j}: ω = ${short(frequency(j, d))}; from position ${i} to ${i + delta} it turns by ${short(angle)} rad `
    + `(${short(((angle % (2 * Math.PI)) * 180) / Math.PI)}°): (${here.map(v => v.toFixed(3)).join(", ")}) becomes (${there.map(v => v.toFixed(3)).join(", ")})`;
  const drawing = clear("positions", `Map of the encodings of 80 positions, and one pair on its circle. ${words}`);
  const [w, h] = [4.6, 9];
  for (let p = 0; p < 80; p++) {
    for (let c = 0; c < d; c++) {
      const v = encoding(p, c >> 1, d)[c & 1];
      drawing.append(svg("rect", { class: v > 0 ? "c0" : "c1", x: 4 + p * w, y: 6 + c * h, width: w, height: h, opacity: Math.abs(v).toFixed(2), "stroke-width": 0 }));
    }
  }
  const frame = (p, name) => svg("rect", { class: name, x: 4 + p * w, y: 6 + 2 * j * h, width: w, height: 2 * h, "fill-opacity": 0, "stroke-width": 2 });
  const [cx, cy, r] = [515, 150, 95];
  const arrow = ([s, c], name) => svg("line", { class: name, x1: cx, y1: cy, x2: cx + r * c, y2: cy - r * s, "stroke-width": 3 });
  drawing.append(
    frame(i, "c2"), frame(Math.min(79, i + delta), "c3"),
    svg("circle", { class: "grid", cx, cy, r, "fill-opacity": 0 }), arrow(here, "c2"), arrow(there, "c3"),
    svg("text", { x: 4, y: 312 }, "positions 0 to 79 from left to right, columns 0 to 31 from top to bottom"),
    svg("text", { x: cx - r, y: 275 }, "cos to the right, sin upwards"),
  );
  place("position-words").textContent = words;
}

let seed = 1;
function drawScores() {
  const d = 2 ** value("width");
  const next = generator(seed);
  const query = Array.from({ length: d }, () => normal(next));
  const scores = Array.from({ length: 12 }, () => query.reduce((sum, q) => sum + q * normal(next), 0));
  const sides = [["not scaled", softmax(scores)], ["divided by √d", softmax(scores.map(s => s / Math.sqrt(d)))]];
  const words = `d = ${d}: ${sides.map(([name, w]) => `${name}: greatest weight ${(100 * Math.max(...w)).toFixed(1)} %, entropy ${entropy(w).toFixed(2)}`).join("; ")} (12 equal weights: ${Math.log(12).toFixed(2)})`;
  const drawing = clear("scores", `Weights of twelve keys without and with scaling. ${words}`);
  sides.forEach(([name, weights], side) => {
    const left = 20 + side * 315;
    drawing.append(svg("text", { x: left, y: 16 }, name), svg("line", { class: "grid", x1: left, x2: left + 288, y1: 240, y2: 240 }));
    weights.forEach((w, k) => drawing.append(svg("rect", { class: side ? "c0" : "c1", x: left + k * 24, y: 240 - 205 * w, width: 18, height: 205 * w, "stroke-width": 0 })));
  });
  place("score-words").textContent = words;
}

if (place("kernel")) {
  for (const id of ["sigma", "query"]) place(id).addEventListener("input", drawKernel);
  for (const id of ["position", "offset", "pair"]) place(id).addEventListener("input", drawPositions);
  place("width").addEventListener("input", drawScores);
  place("again").addEventListener("click", () => { seed++; drawScores(); });
  drawKernel();
  drawPositions();
  drawScores();
}
