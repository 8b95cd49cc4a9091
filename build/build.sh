# Builds in Release, only when something changed since the last build. Sourced by ./cluster.

# No server may outlive the command: neither the compiler's nor MSBuild's nodes.
build_options=(-c Release -nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false)

build_all() { build_target all Cluster.sln src tests bench; }

# build_project NAME PROJECT
build_project() { build_target "$1" "$2" src bench; }

# build_target NAME PROJECT-OR-SOLUTION FOLDER...: the folders are those whose newest change counts.
build_target() {
  local name=$1 project=$2; shift 2
  local stamp=$artifacts/.built-$name
  up_to_date "$stamp" "$@" && return 0
  mkdir -p "$artifacts"
  # Two commands started at once build one after the other.
  exec 8>"$artifacts/.build.lock"
  flock 8
  if ! up_to_date "$stamp" "$@"; then
    check_sdk
    local began=$SECONDS log=$artifacts/build.log
    say "cluster: building $project (Release); the first build takes a minute or two"
    touch "$stamp.new"
    # The lock's descriptor stays here: a process that the build leaves behind must not hold it.
    if ! (cd "$root" && dotnet build "$project" "${build_options[@]}" >"$log" 2>&1 </dev/null 8>&-); then
      say "cluster: the build failed; its errors (all of its output: $log):"
      (grep -E '(error|Error) ' "$log" || tail -n 20 "$log") | sed -E 's/ \[[^]]*\]$//' | sort -u | head -n 20 >&2
      exit 1
    fi
    # The stamp is as old as the start of the build: what was edited meanwhile is built next time.
    mv "$stamp.new" "$stamp"
    say "cluster: built in $((SECONDS - began)) s"
  fi
  flock -u 8
  exec 8>&-
}

up_to_date() {
  local stamp=$1; shift
  [ -f "$stamp" ] || return 1
  local changed
  changed=$(cd "$root" && find "$@" protos build Directory.* global.json Cluster.sln -newer "$stamp" -print -quit)
  [ -z "$changed" ]
}

check_sdk() {
  local found
  found=$(cd "$root" && dotnet --version 2>/dev/null) && return 0
  found=$(dotnet --list-sdks 2>/dev/null | awk '{print $1}' | paste -sd' ')
  say "cluster: the .NET 10 SDK is missing (found: ${found:-no SDK}); please run:"
  say "  curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0"
  exit 2
}
