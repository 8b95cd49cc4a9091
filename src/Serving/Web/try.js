// Translates what is typed, word by word as the server writes it.
const part = id => document.getElementById(id);
let running = null;
let models = [];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function problem(words) {
  part("problem").textContent = words;
}

// An error of the API is google.rpc.Status in JSON.
async function failure(response) {
  try {
    const status = await response.json();
    const violations = (status.details ?? []).flatMap(d => d.fieldViolations ?? []).map(v => `${v.field}: ${v.description}`);
    return violations.length ? violations.join("; ") : status.message;
  } catch {
    return `the server answers with status ${response.status}`;
  }
}

async function loadModels() {
  const response = await fetch("/v1/models?pageSize=500");
  if (!response.ok) {
    problem(await failure(response));
    return;
  }
  models = (await response.json()).models ?? [];
  const chosen = part("model").value;
  part("model").replaceChildren(...models.map(m => element("option", { value: m.id }, m.id)));
  // The page of a job names its model; the reader's own choice counts from then on.
  const wanted = chosen || new URLSearchParams(location.search).get("model");
  if (models.some(m => m.id === wanted)) part("model").value = wanted;
  tellModel();
}

function tellModel() {
  const model = models.find(m => m.id === part("model").value);
  const usable = model && !["MODEL_STATE_WAITING", "MODEL_STATE_UNUSABLE"].includes(model.state);
  part("translate").disabled = running !== null || !usable;
  part("model-words").textContent = !model ? "No model is there yet; it comes here when a job has stored a checkpoint." : model.reason ?? "";
}

async function* messages(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) if (line.trim()) yield JSON.parse(line);
    if (done) return;
  }
}

async function translate(model, text, signal) {
  const shown = element("p", {});
  part("translation").append(shown);
  const beam = Number(part("beam").value);
  const response = await fetch(`/v1/models/${encodeURIComponent(model)}:translateStream`, {
    method: "POST", signal, headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text, search: { beam, alternatives: Math.min(3, beam - 1) } }),
  });
  if (!response.ok) throw new Error(await failure(response));
  for await (const message of messages(response)) {
    if (message.piece) shown.textContent += message.piece;
    else if (message.result) return [shown, message.result.translations[0]];
    else throw new Error(message.message ?? message.error?.message ?? "the server broke the answer off");
  }
  throw new Error("the server broke the answer off");
}

async function submit(event) {
  event.preventDefault();
  problem("");
  part("translation").replaceChildren();
  part("alternatives").replaceChildren();
  part("attention").hidden = true;
  const model = part("model").value;
  const lines = part("text").value.split("\n").map(line => line.trim()).filter(line => line);
  running = new AbortController();
  part("stop").disabled = false;
  tellModel();
  try {
    for (const line of lines) {
      const [shown, translation] = await translate(model, line, running.signal);
      // The stream wrote what all hypotheses had in common; this is the whole.
      shown.textContent = translation.text ?? "";
      if (translation.truncated) shown.append(" … (the length limit ended it)");
      if (lines.length === 1 && translation.alternatives?.length) {
        part("alternatives").append(
          element("h3", {}, "Others, and how likely"),
          element("ol", {}, ...translation.alternatives.map(a => element("li", {}, a.text ?? "", ` (${(100 * Math.exp(a.logProbability ?? 0)).toPrecision(2)} %)`))),
        );
      }
    }
    part("look").disabled = lines.length === 0;
  } catch (error) {
    problem(error.name === "AbortError" ? "Stopped." : error.message);
  } finally {
    running = null;
    part("stop").disabled = true;
    tellModel();
  }
}

function look() {
  const line = part("text").value.split("\n").map(l => l.trim()).find(l => l) ?? "";
  const query = new URLSearchParams({ model: part("model").value, text: line, beam: part("beam").value });
  part("drawing").src = `/look?${query}`;
  part("attention").hidden = false;
  part("drawing").scrollIntoView({ block: "nearest" });
}

part("form").addEventListener("submit", submit);
part("stop").addEventListener("click", () => running?.abort());
part("look").addEventListener("click", look);
part("model").addEventListener("change", () => { part("look").disabled = true; tellModel(); });
part("text").addEventListener("input", () => { part("look").disabled = true; });
// Enter translates, Shift and Enter begins a line, as in a chat.
part("text").addEventListener("keydown", event => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  part("form").requestSubmit();
});
await loadModels();
setInterval(() => { if (!document.hidden && running === null) loadModels(); }, 5000);
document.documentElement.dataset.ready = "yes";
