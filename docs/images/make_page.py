"""Makes page.png: the page of the demonstration's job, in which a worker was killed.

Usage: python3 docs/images/make_page.py   (from the repository's root; a few minutes; nothing but Python, Chromium and ./cluster)

It starts `./cluster demo --workers 3 --keep`, kills a worker when the job has come to a third, and takes the picture at the end.
"""

import os
import re
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "docs", "images", "page.png")
KILL_AT = 230  # step


def worker(name, command):
    """The process of a worker that a command has started."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as line, open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
                if parent == command and f"\0--name\0{name}\0" in line.read():
                    return int(pid)
        except OSError:
            pass
    sys.exit(f"{name} is not there")


def main():
    demo = subprocess.Popen(
        [os.path.join(ROOT, "cluster"), "demo", "--workers", "3", "--keep"], stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    page, job, killed = None, None, False
    for line in demo.stderr:
        print(line, end="", flush=True)
        page = page or (re.search(r"the cluster's page +(\S+)", line) or [None, None])[1]
        job = job or (re.search(r"^job (\S+) ", line) or [None, None])[1]
        step = re.search(r"step (\d+)/", line)
        if step and int(step[1]) >= KILL_AT and not killed:
            os.kill(worker("worker-2", demo.pid), signal.SIGKILL)
            killed = True
        if "Ctrl-C ends both" in line:
            break
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--force-device-scale-factor=0.75", "--window-size=1280,2110",
         "--virtual-time-budget=6000", f"--screenshot={OUT}", f"{page}jobs/{job}"],
        check=True,
    )
    demo.send_signal(signal.SIGINT)
    demo.wait()
    print(f"{OUT}: {os.path.getsize(OUT)} bytes")


main()
