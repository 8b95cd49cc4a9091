# Runs the test executables, as many at a time as there are cores (two at most), and adds up what they say. Sourced by ./cluster.

# A test project that has not ended after so many seconds is killed and counts as a failure.
test_time_limit_s=3000

# Begun before the others, since it takes as long as they do: its tests mostly wait for processes.
longest_test=EndToEnd.Tests

run_tests() {
  local filters=() arguments=() names=() name at_once=1
  while [ $# -gt 0 ]; do
    case "$1" in
      -h|--help) test_usage; return 0 ;;
      --) shift; arguments=("$@"); break ;;
      -*) say "cluster test: unknown option $1"; test_usage >&2; return 2 ;;
      *) filters+=("$1"); shift ;;
    esac
  done
  out=$(mktemp -d)   # not local: the trap at exit needs it
  trap 'stop_tests; rm -rf "$out"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  for name in "$longest_test" $(cd "$root/tests" && ls -d ./*.Tests); do
    name=${name#./}
    [ "$name" != "$longest_test" ] || [ ${#names[@]} -eq 0 ] || continue
    ! wanted "$name" "${filters[@]}" || names+=("$name")
  done
  [ ${#names[@]} -gt 0 ] || { say "cluster test: no test project matches ${filters[*]}"; return 2; }

  # Of the machine: nproc alone says what OMP_NUM_THREADS says.
  [ "$(env -u OMP_NUM_THREADS nproc)" -lt 2 ] || at_once=2
  for name in "${names[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge $at_once ]; do wait -n || true; done
    {
      run_test_program "$name" "${arguments[@]}" >"$out/$name.text"
      # In one piece: another project may end at the same time.
      cat "$out/$name.text"
    } &
  done
  wait || true

  # A project without counts: the script itself was stopped in it.
  local passed=0 failed=0 skipped=0 good bad idle
  for name in "${names[@]}"; do
    read -r good bad idle <"$out/$name.counts" || { good=0 bad=1 idle=0; echo "$name was not run to its end" >>"$out/failures"; }
    passed=$((passed + good)); failed=$((failed + bad)); skipped=$((skipped + idle))
  done
  [ ! -s "$out/skips" ] || { printf '\nSkipped:\n'; sed 's/^/  /' "$out/skips"; }
  [ ! -s "$out/failures" ] || { printf '\nFailed:\n'; sed 's/^/  /' "$out/failures"; }
  printf '\n%d passed, %d failed, %d skipped\n' $passed $failed $skipped
  [ $failed -eq 0 ] && [ $passed -gt 0 ]
}

# What still runs when the script is interrupted: the shell keeps Ctrl-C from what it runs in the background.
stop_tests() {
  local running; running=$(jobs -rp)
  # shellcheck disable=SC2086 # One word a process.
  [ -z "$running" ] || { kill $running && wait; } 2>/dev/null || true
}

# Prints how a project ended; writes $out/NAME.counts ("passed failed skipped"), and adds to $out/skips and $out/failures.
run_test_program() {
  local name=$1; shift
  local log=$artifacts/test-results/$name.log summary total errors bad idle status=0 began=$SECONDS program
  mkdir -p "${log%/*}"
  CLUSTER_ROOT=$root timeout -k 10 $test_time_limit_s \
    "$artifacts/bin/$name/release/$name" -noColor -noLogo -jUnit "${log%.log}.xml" "$@" >"$log" 2>&1 </dev/null &
  program=$!
  trap 'kill $program; wait $program; exit 143' TERM
  wait $program || status=$?

  # "   X.Tests  Total: 37, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.462s", or "   X.Tests  Total: 0"
  summary=$(grep -E "^ +$name +Total: [0-9]+" "$log" | tail -n 1) || true
  if [ -z "$summary" ]; then
    echo "0 1 0" >"$out/$name.counts"
    printf '%s ended with status %d and no summary; see %s\n' "$name" $status "$log" | tee -a "$out/failures"
    tail -n 20 "$log"
    return 0
  fi
  total=$(count_of Total "$summary"); errors=$(count_of Errors "$summary"); bad=$(count_of Failed "$summary")
  idle=$(count_of Skipped "$summary")
  # A crash after the last test (exit status with no failure in the summary) is a failure all the same.
  [ $status -eq 0 ] || [ $((errors + bad)) -gt 0 ] || errors=1
  echo "$((total - bad - idle)) $((bad + errors)) $idle" >"$out/$name.counts"
  printf '%-30s %4d passed, %d failed, %d skipped  (%d s)\n' "$name" $((total - bad - idle)) $((bad + errors)) "$idle" $((SECONDS - began))

  # "    Name [SKIP]", and the reason on the next line.
  awk '/\[SKIP\]/ {name=$1; getline; sub(/^ +/, ""); print name ": " $0}' "$log" >>"$out/skips"
  if [ $((bad + errors)) -gt 0 ]; then
    grep -E '\[(FAIL|ERROR)\]|Unhandled exception|FATAL ERROR' "$log" | sed -E 's/^ +//' >>"$out/failures" ||
      printf '%s ended with status %d; see %s\n' "$name" $status "$log" >>"$out/failures"
    # The whole of each failure, as the runner printed it.
    awk '/\[(FAIL|ERROR)\]/ {show=1} /^  (Finished|Starting|Discover)/ {show=0} /^    [^ ].*\[(SKIP)\]/ {show=0} show' "$log" | head -n 120
  fi
}

count_of() {
  [[ $2 =~ $1:\ ([0-9]+) ]] && printf '%s' "${BASH_REMATCH[1]}" || printf 0
}

# wanted NAME FILTER...: no filter, or one that is part of the name (upper or lower case).
wanted() {
  local name=${1,,} filter; shift
  [ $# -gt 0 ] || return 0
  for filter in "$@"; do [[ $name == *"${filter,,}"* ]] && return 0; done
  return 1
}

test_usage() {
  cat <<'USAGE'
usage: ./cluster test [PROJECT...] [-- RUNNER-OPTION...]
Builds and runs every test, or those of the projects whose name contains PROJECT (./cluster test worker cli).
After --: options of the xunit.v3 runner (-class, -method, -namespace with *, -stopOnFail, ...).
The last line reads "N passed, N failed, N skipped"; the status is 0 only if none failed.
artifacts/test-results has each project's log, and a JUnit file with the time of each test.
USAGE
}
