#!/usr/bin/env bash
# How long coordinator and workers take to end when all of them get SIGTERM in the middle of a job, as when their node is drained: what
# terminationGracePeriodSeconds has to allow. For each size of model, on this machine:
#   deploy/k8s/drain-time.sh [DMODEL:LAYERS ...]
# Prints a line for each: the size of the state that is stored, seconds a step, and until the coordinator and the last worker had ended.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
sizes=("$@")
[ ${#sizes[@]} -gt 0 ] || sizes=(64:2 256:4 512:6)
workers=2
for size in "${sizes[@]}"; do
  [[ $size =~ ^[0-9]+:[0-9]+$ ]] || { echo "'$size' is no size; write DMODEL:LAYERS, such as 256:4" >&2; exit 2; }
done
for name in Coordinator Worker Cli; do
  [ -d "$root/artifacts/bin/$name/release" ] || { echo "$name is not built; run ./cluster build first" >&2; exit 2; }
done
work=$(mktemp -d)
started=()

end() {
  for pid in "${started[@]:-}"; do [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT

program() { echo "$root/artifacts/bin/$1/release/${2:-TrainingCluster.$1}.dll"; }
cluster() { dotnet "$(program Cli cluster)" "$@"; }
field() { sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p" "$1"; }

# start PROGRAM NAME OPTIONS...: on free ports; waits until it listens.
start() {
  local kind=$1 name=$2
  shift 2
  mkdir -p "$work/$name"
  dotnet "$(program "$kind")" --data "$work/$name" --grpc-port 0 --http-port 0 --cluster-port 0 --ready-file "$work/$name.json" "$@" \
    >"$work/$name.log" 2>&1 &
  started+=("$!")
  for _ in $(seq 600); do [ -s "$work/$name.json" ] && return; sleep 0.1; done
  echo "$name does not start:" >&2
  cat "$work/$name.log" >&2
  exit 1
}

# seconds PID: how long from now until the process has ended. A child that nobody has waited for yet is a zombie, not there any more.
seconds() {
  local begun=$1 pid=$2
  while [ -d "/proc/$pid" ] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.05; done
  awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'
}

for i in $(seq 1 2000); do echo "the number $i of $((i % 7))"; done >"$work/source"
for i in $(seq 1 2000); do echo "die Zahl $i von $((i % 7))"; done >"$work/target"
printf '%-10s %12s %10s %12s %12s\n' "d:layers" "state" "step s" "coordinator" "workers"

for size in "${sizes[@]}"; do
  model=${size%%:*} layers=${size##*:}
  rm -rf "$work"/c "$work"/w* "$work"/*.json
  started=()
  # As the manifests have it.
  start Coordinator c --set "Jobs:LeaveTimeout=270 s" --set "Serving:LeaveTimeout=270 s"
  for i in $(seq $workers); do
    start Worker "w$i" --name "w$i" --coordinator "$(field "$work/c.json" cluster)" --set "Worker:DrainTimeout=240 s"
  done
  cat >"$work/job.yaml" <<EOF
name: drained
dataset: { source: $work/source, target: $work/target, vocabularySize: 300 }
model: { dModel: $model, heads: 4, layers: $layers, feedForward: $((4 * model)) }
training: { steps: 100000, logicalShards: 2, batchTokens: 256 }
evaluation: { everySteps: -1 }
workers: { min: $workers }
EOF
  address=$(field "$work/c.json" grpc)
  cluster submit "$work/job.yaml" --coordinator "$address" >"$work/submit.log" 2>&1 || { cat "$work/submit.log" >&2; exit 1; }
  step() { cluster jobs --coordinator "$address" --json | tr -d ' \n' | sed -n 's/.*"step":"\{0,1\}\([0-9]*\).*/\1/p'; }
  at=0
  for _ in $(seq 300); do at=$(step); [ "${at:-0}" -ge 3 ] && break; sleep 1; done
  [ "${at:-0}" -ge 3 ] || { echo "the job does not train:" >&2; tail -5 "$work"/*.log >&2; exit 1; }
  first=$at since=$(date +%s.%N)
  sleep 5
  each=$(awk -v n="$(($(step) - first))" -v a="$since" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", (n > 0 ? (b - a) / n : b - a) }')

  begun=$(date +%s.%N)
  kill -TERM "${started[@]}"
  for i in "${!started[@]}"; do seconds "$begun" "${started[i]}" >"$work/ended.$i" & waiting[i]=$!; done
  wait "${waiting[@]}"
  stored=$(find "$work/c/jobs" -type f -printf '%s\n' | awk '{ sum += $1 } END { if (sum > 0) printf "%.0fMB", sum / 1e6; else print "lost" }')
  printf '%-10s %12s %10s %12s %12s\n' "$size" "$stored" "$each" "$(cat "$work/ended.0")" \
    "$(for i in $(seq $workers); do cat "$work/ended.$i"; echo; done | sort -n | tail -1)"
done
