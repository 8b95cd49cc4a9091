#!/usr/bin/env bash
# Steps of two workers over a thin link: gradients in every step, and DiLoCo's rounds. As root, on Linux.
#   bench/thin_link.sh [MBIT] [INNER STEPS] [other options of './cluster bench step']
# The workers have a network namespace of their own, whose loopback is a token bucket. It carries both directions, so it gets twice
# the rate of a link that is as fast both ways.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
mbit=${1:-20}
inner=${2:-100}
shift $(($# < 2 ? $# : 2))

if ! unshare -n true 2>/dev/null || ! command -v tc >/dev/null; then
  echo "thin_link.sh: needs root for a network namespace, and tc (apt-get install iproute2)" >&2
  exit 2
fi
# Built outside: in the namespace there is no network.
"$root/cluster" bench step --help >/dev/null

over_the_link() {
  unshare -n bash -c '
    set -e
    # Packets as on a wire: with those of loopback (64 KiB) a bucket of usual depth would let nothing pass.
    ip link set lo mtu 1500 up
    tc qdisc add dev lo root tbf rate "$1mbit" burst 64kb latency 50ms
    shift
    exec "$@"' - $((2 * mbit)) "$root/cluster" bench step --workers 2 --shared-memory off "$@"
}

echo "$mbit Mbit/s each way, an exchange in every step:"
over_the_link --warmup 1 --steps 4 "$@"
echo
echo "$mbit Mbit/s each way, rounds of $inner steps (a step's share of its round):"
over_the_link --warmup 0 --steps 2 --inner-steps "$inner" "$@"
