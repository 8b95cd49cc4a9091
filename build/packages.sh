# Debian packages and the .NET SDK: what is missing is named, and installed where that is allowed. Sourced by ./cluster.

# Peers of the interoperability tests, promtool, a browser and the shells that complete. Without them those tests are skipped, each with its reason.
offer_test_packages() {
  local missing
  mapfile -t missing < <(list_missing python3-grpcio python3-torch libopenblas0-pthread python3-numpy prometheus chromium zsh fish)
  [ ${#missing[@]} -gt 0 ] || return 0
  install_packages "tests (gRPC and PyTorch in Python as peers, promtool, a browser, shells)" "${missing[@]}" ||
    say "cluster: going on without ${missing[*]}: the tests that need them are skipped"
}

# require_packages REASON PACKAGE...: installs what is missing, or says how to and ends with status 2.
require_packages() {
  local reason=$1 missing; shift
  mapfile -t missing < <(list_missing "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  install_packages "$reason" "${missing[@]}" || exit 2
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

list_missing() {
  # Elsewhere than on Debian and its kin nothing can be checked; a build that lacks something says what.
  command -v dpkg-query >/dev/null || return 0
  local present name
  present=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
  for name in "$@"; do
    [[ $present == *" installed:$name "* ]] || printf '%s\n' "$name"
  done
}

install_packages() {
  local reason=$1 sudo=() began=$SECONDS; shift
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      sudo=(sudo -n)
    else
      say "cluster: missing for $reason: $*"
      say "cluster: this user may not install packages; please run:"
      say "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
      return 1
    fi
  fi
  say "cluster: installing $* (needed for $reason)"
  mkdir -p "$artifacts"
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  local log=$artifacts/packages.log
  # Lists that are absent or old are the usual reason for a failure: fetch them and try once more.
  if ! "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then
    "${apt[@]}" update >>"$log" 2>&1 </dev/null || true
    "${apt[@]}" install --no-install-recommends "$@" >>"$log" 2>&1 </dev/null || {
      say "cluster: apt-get could not install $*; its last lines (all of them: $log):"
      tail -n 8 "$log" >&2
      return 1
    }
  fi
  say "cluster: installed in $((SECONDS - began)) s"
}

require_dotnet() {
  if ! command -v dotnet >/dev/null; then
    if [ -x "$HOME/.dotnet/dotnet" ]; then
      export DOTNET_ROOT=$HOME/.dotnet PATH=$HOME/.dotnet:$PATH
    else
      say "cluster: the .NET 10 SDK is missing (no dotnet on PATH, none in ~/.dotnet); please run:"
      say "  curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0"
      exit 2
    fi
  fi
}
