# Builds in Release, only when something changed since the last build. Sourced by ./cluster.

# No server may outlive the command: MSBuild's nodes are not kept, and the compiler's server is our own, and told to end.
compiler_server=cluster-build-$$
build_options=(-c Release -nologo -v minimal -nodeReuse:false -p:UseSharedCompilation=true "-p:SharedCompilationId=$compiler_server")

. "$root/build/failures.sh"

# build_all: every project, with the analyzers.
build_all() { build_target all Cluster.sln src tools tests bench; }

# build_project NAME PROJECT: one program and what it starts. Where nobody builds everything, the analyzers, which take two
# thirds of the time, stay off; where somebody does, both builds must agree or each would undo the other's work.
build_project() {
  local all=$artifacts/.built-all
  if [ ! -f "$all" ]; then
    build_target "$1" "$2" src tools bench -- -p:RunAnalyzers=false
  elif ! up_to_date "$all" src tools tests bench; then
    build_target "$1" "$2" src tools bench
  fi
}

# build_target NAME PROJECT-OR-SOLUTION FOLDER... [-- OPTION...]: the folders are those whose newest change counts.
build_target() {
  local name=$1 project=$2 folders=(); shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do folders+=("$1"); shift; done
  [ $# -eq 0 ] || shift
  local stamp=$artifacts/.built-$name
  up_to_date "$stamp" "${folders[@]}" && return 0
  mkdir -p "$artifacts" 2>/dev/null && { : >"$artifacts/.build.lock"; } 2>/dev/null || cannot_write "$artifacts"
  # Two commands started at once build one after the other.
  exec 8>"$artifacts/.build.lock"
  flock 8
  if ! up_to_date "$stamp" "${folders[@]}"; then
    check_sdk
    run_build "$stamp" "$project" "$@"
  fi
  flock -u 8
  exec 8>&-
}

# run_build STAMP PROJECT OPTION...
run_build() {
  local stamp=$1 project=$2 began=$SECONDS log=$artifacts/build.log; shift 2
  say "cluster: building $project (Release); the first build fetches packages and takes a minute or two"
  remove_dangling_links
  touch "$stamp.new" 2>/dev/null || cannot_write "$stamp.new"
  # The lock's descriptor stays here: a process that the build leaves behind must not hold it.
  if ! (trap 'end_compiler_server "$compiler_server"' EXIT; cd "$root" && dotnet build "$project" "${build_options[@]}" "$@" >"$log" 2>&1 </dev/null 8>&-); then
    rm -f "$stamp.new"
    explain_failure "$log"
  fi
  sed -nE 's/^ *NativeFix: /cluster: /p' "$log" >&2
  # The stamp is as old as the start of the build: what was edited meanwhile is built next time.
  mv "$stamp.new" "$stamp"
  say "cluster: built in $((SECONDS - began)) s"
}

# end_compiler_server NAME: found by the name of its pipe, which is an argument of its process.
end_compiler_server() {
  local file words
  for file in /proc/[0-9]*/cmdline; do
    { mapfile -d '' -t words <"$file"; } 2>/dev/null || continue
    [[ " ${words[*]} " != *" -pipename:$1 "* ]] || kill "${file//[!0-9]/}" 2>/dev/null || true
  done
}

# A link whose target is gone is made anew only if it is gone too, and then no earlier build counts any more.
remove_dangling_links() {
  [ -d "$artifacts/bin" ] && [ -n "$(find "$artifacts/bin" -xtype l -print -quit)" ] || return 0
  find "$artifacts/bin" -xtype l -delete
  find "$artifacts" -maxdepth 1 -name '.built-*' -exec touch -d @0 {} +
}

# up_to_date STAMP FOLDER...: nothing is newer than the stamp, and no library is missing behind its link
# (the build links to the package cache and into artifacts: either may have been emptied or moved).
up_to_date() {
  local stamp=$1; shift
  [ -f "$stamp" ] || return 1
  local changed
  changed=$(cd "$root" && find "$@" protos build Directory.* global.json Cluster.sln -newer "$stamp" -print -quit
    find "$artifacts/bin" -xtype l -print -quit)
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
