#!/usr/bin/env bash
# Tries the program on a machine with PyTorch: does its libtorch load, are bits the same, how long is a step, what does a kill do.
#   ./check.sh [--libtorch DIR] [--device cuda:0|cpu] [--python FILE] [--steps N]
# It stands in the folder that deploy/gpu/publish.sh makes. Status 0: every check passed; 1: one failed; 2: it cannot start.
set -uo pipefail

program=$(cd -- "$(dirname -- "$0")" && pwd)
libtorch='' device=cuda:0 python=python3 steps=400
while [ $# -gt 0 ]; do
  case "$1" in
    --libtorch) libtorch=${2:?} ;;
    --device) device=${2:?} ;;
    --python) python=${2:?} ;;
    --steps) steps=${2:?} ;;
    *) sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done

stop() { echo "check.sh: $*" >&2; exit 2; }
[ -x "$program/cluster" ] || stop "there is no program beside this script; make it with deploy/gpu/publish.sh FOLDER, and run FOLDER/check.sh"
python=$(command -v -- "$python") || stop "there is no Python; name the one with PyTorch with --python FILE"
[ -n "$libtorch" ] || libtorch=$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))') \
  || stop "$python has no PyTorch; name another with --python FILE, or a libtorch with --libtorch DIR"

export CLUSTER_LIBTORCH=$libtorch OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 DOTNET_EnableDiagnostics=0
work=$(mktemp -d)
up=''
cleanup() {
  [ -z "$up" ] || { kill "$up" 2>/dev/null; wait "$up" 2>/dev/null; }
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

failed=0
row() {
  printf '%-34s  %-4s  %s\n' "$1" "$2" "$3"
  [ "$2" = ok ] || failed=1
}
last_line() { grep -v '^$' "$1" | tail -n 1; }
field() { "$python" -c 'import json, sys; print(eval("x" + sys.argv[1], {"x": json.load(sys.stdin)}))' "$1"; }

# train NAME WORKERS: the job's hash, or nothing.
train() {
  "$program/cluster" train --job "$work/job.yaml" --source "$work/text/train.source" --target "$work/text/train.target" \
    --valid-source "$work/text/valid.source" --valid-target "$work/text/valid.target" \
    --workers "$2" --device "$device" --out "$work/$1" >"$work/$1.out" 2>"$work/$1.err"
  sed -n 's/^weights_sha256 //p' "$work/$1.out"
}

# compare CHECK NAME WORKERS HASH
compare() {
  local hash
  hash=$(train "$2" "$3")
  if [ -n "$hash" ] && [ "$hash" = "$4" ]; then
    row "$1" ok "${hash:0:16}, $(sed -n 's/.*trained in \([^(]*\) (.*/\1/p' "$work/$2.out")"
  else
    row "$1" FAIL "${hash:-no hash: $(last_line "$work/$2.err")} instead of $4"
  fi
}

step() {
  # On a CPU a step of PyTorch takes seconds.
  local measured=(--steps 20 --warmup 5)
  [ "$device" != cpu ] || measured=(--steps 3 --warmup 1)
  if "$program/cluster-bench" step "${measured[@]}" --workers 1 --device "$device" --precision "$1" --peer --python "$python" --json >"$work/step" 2>"$work/step.err" \
    && [ "$(wc -l <"$work/step")" -eq 2 ]; then
    row "a step in $1" ok "$("$python" -c '
import json, sys
ours, peer = (json.loads(line) for line in sys.stdin)
print("%.1f ms, PyTorch eager %.1f ms" % (float(ours["step_ms"]), float(peer["step_ms"])))' <"$work/step")"
  else
    row "a step in $1" FAIL "$(last_line "$work/step.err")"
  fi
}

# A worker is killed while the job runs; the other one ends it, with the same bits.
kill_one() {
  local address victim id
  "$program/cluster" up --workers 2 --device "$device" --grpc-port 0 --http-port 0 --cluster-port 0 --data "$work/up" --json >"$work/up.json" 2>"$work/up.err" &
  up=$!
  until [ -s "$work/up.json" ]; do
    kill -0 "$up" 2>/dev/null || { row "a killed worker" FAIL "$(last_line "$work/up.err")"; return; }
    sleep 0.2
  done
  address=$(field '["coordinator"]["grpc"]' <"$work/up.json")
  victim=$(field '["workers"][1]["pid"]' <"$work/up.json")
  id=$("$program/cluster" submit "$work/job.yaml" --coordinator "$address" --json 2>"$work/submit.err" | field '["id"]') \
    || { row "a killed worker" FAIL "$(last_line "$work/submit.err")"; return; }
  : >"$work/events"
  "$program/cluster" watch "$id" --coordinator "$address" --json >"$work/events" 2>"$work/watch.err" &
  local watching=$!
  until grep -q '"generation": {' "$work/events" || ! kill -0 "$watching" 2>/dev/null; do sleep 0.05; done
  # The group stands, and computes its first steps. Progress is told too seldom for a short job.
  sleep 1
  kill -KILL "$victim"
  wait "$watching"
  local hash
  hash=$("$program/cluster" get "$id" --coordinator "$address" --json | field '["weightsSha256"]')
  # The coordinator sees the death, or the other worker does: either way a generation without the victim follows.
  if [ "$(grep -c '"generation": {' "$work/events")" -lt 2 ]; then
    row "a killed worker" FAIL "the job did not notice the kill; give more --steps"
  elif [ "$hash" = "$1" ]; then
    row "a killed worker" ok "${hash:0:16}, $(grep '"generation": {' "$work/events" | tail -n 1 | field '["generation"]["recoverySeconds"]') s to go on"
  else
    row "a killed worker" FAIL "${hash:-no hash} instead of $1"
  fi
}

printf '%-34s  %-4s  %s\n' CHECK '' RESULT
if "$program/cluster" doctor --json >"$work/doctor" 2>"$work/doctor.err"; then
  row "libtorch loads" ok "$(field '["findings"]' <"$work/doctor" | "$python" -c '
import ast, sys
found = {x["part"]: x["found"] for x in ast.literal_eval(sys.stdin.read())}
print(found["libtorch"] + "; " + found["GPU"])')"
else
  row "libtorch loads" FAIL "$(field '["findings"]' <"$work/doctor" | "$python" -c '
import ast, sys
print("; ".join(x["problem"] for x in ast.literal_eval(sys.stdin.read()) if x["problem"]))')"
  exit 1
fi

"$program/cluster" dates --out "$work/text" --train 4000 --valid 20 --heldout 10 >/dev/null || exit 1
cat >"$work/job.yaml" <<YAML
name: check
dataset: { source: text/train.source, target: text/train.target, validSource: text/valid.source, validTarget: text/valid.target, vocabularySize: 400, maxTokens: 64 }
model: { dModel: 128, heads: 4, layers: 2, feedForward: 256, dropout: 0.1 }
training: { steps: $steps, logicalShards: 2, batchTokens: 2048, warmupSteps: 50 }
evaluation: { everySteps: -1 }
YAML
first=$(train one 1)
if [ -z "$first" ]; then
  row "one worker trains" FAIL "$(last_line "$work/one.err")"
  exit 1
fi
row "one worker trains" ok "${first:0:16}, $(sed -n 's/.*trained in \([^(]*\) (.*/\1/p' "$work/one.out")"
compare "the same again: equal bits" again 1 "$first"
compare "two workers on $device: equal bits" two 2 "$first"
step float32
step bfloat16
kill_one "$first"
exit "$failed"
