// Renews the parts of a page that are marked data-live: asks for the same page again, and takes over what is new in it.
import { showCurves } from "/assets/curves.js";

const every = 2000;
const shown = new Map();
let tag = null;
let failures = 0;

// Times come in UTC: readers want their own zone.
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
  }
}

function isBusy(part) {
  const selection = getSelection();
  return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
}

function takeOver(part, html) {
  // What the reader has opened, ticked, scrolled to or stands on stays so.
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const ticked = [...part.querySelectorAll("input:checked")].map(input => input.id);
  const { scrollLeft, scrollTop } = part;
  part.innerHTML = html;
  for (const id of ticked) {
    const input = document.getElementById(id);
    if (input) input.checked = true;
  }
  part.scrollLeft = scrollLeft;
  part.scrollTop = scrollTop;
  localTimes(part);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

async function renew() {
  const response = await fetch(location.href, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
  if (response.status === 401 || response.status === 404) {
    location.reload();
    return;
  }
  if (response.status !== 304) {
    if (!response.ok) throw new Error(`status ${response.status}`);
    tag = response.headers.get("ETag");
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const html = fresh.getElementById(part.id)?.innerHTML ?? "";
      if (html === shown.get(part.id) || isBusy(part)) continue;
      shown.set(part.id, html);
      takeOver(part, html);
    }
  }
}

async function keepLive() {
  const connection = document.getElementById("connection");
  for (;;) {
    await new Promise(done => setTimeout(done, Math.min(every * 2 ** failures, 30000)));
    // Nobody looks at a hidden page.
    if (document.hidden) continue;
    try {
      await renew();
      failures = 0;
      connection.textContent = "";
    } catch {
      failures = Math.min(failures + 1, 4);
      connection.textContent = "The coordinator does not answer; what you see is old. Trying again …";
    }
  }
}

for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.innerHTML);
localTimes(document);
document.addEventListener("submit", event => {
  const ask = event.target.dataset.ask;
  if (ask && !confirm(ask)) event.preventDefault();
});
for (const place of document.querySelectorAll("[data-curves]")) showCurves(place, place.dataset.curves.split(" "), every);
if (document.querySelector("[data-live]")) keepLive();
document.documentElement.dataset.ready = "yes";
