"""Makes recovery.svg: a terminal in which a worker is killed in the middle of a run, and the hash of the weights at the end.

Usage: python3 docs/images/make_recovery.py   (from the repository's root; a few minutes; nothing but Python and ./cluster)

It starts a cluster of three workers, submits examples/dates.yaml, kills a worker at step 250, submits the same job again and lets it
run in peace, and draws what both commands wrote, with the times at which they did.
"""

import html
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "docs", "images", "recovery.svg")
KILL_AT = 250  # step
COLUMNS, LINE, CHARACTER = 96, 19, 7.8
PLAY, REST = 16, 6  # seconds: the run is shown in so long, and the end stands still
GREY, GREEN, RED, WHITE, BLUE = "#8b949e", "#7ee787", "#ff7b72", "#e6edf3", "#79c0ff"


def cluster(*arguments, **options):
    return subprocess.Popen(
        [os.path.join(ROOT, "cluster"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, **options
    )


def find(pattern, stream):
    for line in stream:
        match = re.search(pattern, line)
        if match:
            return match[1]
    sys.exit(f"'{pattern}' did not come")


def run(address, job, pid=None):
    """Submits the job; gives (seconds, line) of all that it wrote. With a process id: kills that when the step has come."""
    start, lines = time.monotonic(), []
    process = cluster("submit", job, "--wait", "--coordinator", address)
    for line in process.stdout:
        lines.append((time.monotonic() - start, line.rstrip()))
        step = re.search(r"step (\d+)/", line)
        if pid and step and int(step[1]) >= KILL_AT:
            os.kill(pid, signal.SIGKILL)
            lines.append((time.monotonic() - start, f"$ kill -9 {pid}                # worker-2"))
            pid = None
    if process.wait() != 0:
        sys.exit("the job did not succeed:\n" + "\n".join(line for _, line in lines))
    return lines


def hash_of(lines):
    return re.search(r"weights_sha256 ([0-9a-f]{64})", lines[-1][1])[1]


def wanted(text):
    """The colour of a line that is shown; None: it is left out."""
    if text.startswith("$ kill"):
        return RED
    if text.startswith("generation"):
        return BLUE
    if text.startswith("warning"):
        return RED
    return WHITE if text.startswith("step ") else None


def draw(broken, calm):
    """rows: (row, first second, last second or None, colour, text)"""
    command = "$ ./cluster submit examples/dates.yaml --wait"
    rows, row, progress = [(0, 0, None, GREY, command + "                 # three workers")], 1, []
    for at, text in broken:
        found = re.match(r"job \S+ (\d+ %  step .*)", text)
        if found:
            progress.append((at, found[1]))
        elif wanted(text):
            rows.append((row, at, None, wanted(text), text))
            row += 1
    end = broken[-1][0]
    for i, (at, text) in enumerate(progress):
        last = progress[i + 1][0] if i + 1 < len(progress) else end
        rows.append((row, at, last, GREY, text))
    rows.append((row, end, None, GREEN, "weights_sha256 " + hash_of(broken)))
    rows.append((row + 1, end * 1.03, None, GREY, command + "                 # again; nobody is killed"))
    rows.append((row + 2, end * 1.1, None, GREEN, "weights_sha256 " + hash_of(calm)))
    write(rows, row + 3, end * 1.1)


def write(rows, count, end):
    whole = PLAY + REST
    width, height = COLUMNS * CHARACTER + 32, count * LINE + 54
    styles, texts = [], []
    for i, (row, first, last, colour, text) in enumerate(rows):
        a = first / end * PLAY / whole * 100
        b = 100 if last is None else last / end * PLAY / whole * 100
        frames = f"0%,{max(a - 0.01, 0):.2f}%{{opacity:0}}{a:.2f}%,{b - 0.01:.2f}%{{opacity:1}}" if a > 0 else "0%{opacity:1}"
        if last is not None:
            frames += f"{b:.2f}%,100%{{opacity:0}}"
        styles.append(f"@keyframes k{i}{{{frames}}}#t{i}{{animation:k{i} {whole}s linear infinite}}")
        shown = text if len(text) <= COLUMNS else text[: COLUMNS - 1] + "…"
        hidden = ' opacity="0"' if last is not None else ""
        texts.append(
            f'<text id="t{i}" x="16" y="{48 + row * LINE}" fill="{colour}"{hidden}>{html.escape(shown)}</text>'
        )
    with open(OUT, "w", encoding="utf-8") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" role="img">\n'
            "<title>A worker is killed in the middle of a run; the weights are the same to the bit</title>\n"
            "<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}"
            + "@media (prefers-reduced-motion:no-preference){"
            + "".join(styles)
            + "}</style>\n"
            + '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n'
            + "".join(f'<circle cx="{20 + 18 * i}" cy="18" r="5" fill="{c}"/>' for i, c in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")))
            + "\n"
            + "\n".join(texts)
            + "\n</svg>\n"
        )


def main():
    with tempfile.TemporaryDirectory() as folder:
        cluster("dates", "--out", os.path.join(folder, "text")).communicate()
        job = os.path.join(folder, "dates.yaml")
        with open(os.path.join(ROOT, "examples", "dates.yaml"), encoding="utf-8") as source, open(job, "w", encoding="utf-8") as copy:
            copy.write(source.read())
        data = os.path.join(folder, "data")
        up = cluster("up", "--workers", "3", "--grpc-port", "0", "--http-port", "0", "--data", data)
        try:
            address = find(r"coordinator\s+(\S+) \(gRPC\)", up.stdout)
            find("(Ctrl-C)", up.stdout)
            found = subprocess.run(["pgrep", "-f", os.path.join(data, "worker-2")], capture_output=True, text=True, check=True)
            broken = run(address, job, int(found.stdout.split()[0]))
            calm = run(address, job)
        finally:
            up.terminate()
            up.communicate()
    if hash_of(broken) != hash_of(calm):
        sys.exit(f"the weights differ: {hash_of(broken)} and {hash_of(calm)}")
    draw(broken, calm)
    print(f"{OUT}: {broken[-1][0]:.0f} s, weights_sha256 {hash_of(calm)} both times")


if __name__ == "__main__":
    main()
