# Says why a build failed, in one line with the mend where the machine is the cause. Sourced by build.sh.

# A build with packages takes about 1.5 GB; with less than this left, a write has failed or is about to.
least_free_kb=51200

# explain_failure LOG: ends with status 2 where the machine is the cause, else prints the errors and ends with status 1.
explain_failure() {
  local log=$1 cache denied
  cache=$(package_cache)
  if grep -qsiE 'No space left on device|not enough space on the disk' "$log" || ! has_space "$artifacts" || ! has_space "$cache"; then
    # What was cut off would look finished to the next build; what it compiled is quickly made again.
    rm -rf "$artifacts/obj"
    say "cluster: the build ran out of space; left: $(free_mb "$artifacts") MB in $artifacts, $(free_mb "$cache") MB in $cache (packages)," \
      "$(free_mb "${TMPDIR:-/tmp}") MB in ${TMPDIR:-/tmp}; it takes 1.5 GB: free some, or set NUGET_PACKAGES to a folder on a larger disk"
    exit 2
  fi
  denied=$(sed -nE "s/.*(Access to the path|Could not find a part of the path|Read-only file system ?:?) '([^']+)'.*/\2/p" "$log" | head -n 1)
  if [ -n "$denied" ] && grep -qE "Access to the path|Read-only file system" "$log"; then
    case "$denied" in
      "$cache"*) say "cluster: packages are missing, and the package cache $cache cannot be written:" \
        "make it writable, or set NUGET_PACKAGES to a folder that is"; exit 2 ;;
      *) cannot_write "$denied" ;;
    esac
  fi
  if grep -q 'error NU1301' "$log"; then
    say "cluster: packages cannot be fetched: $(sed -nE 's/.*error NU1301: *//p' "$log" | sed -E 's/ \[[^]]*\]$//' | head -n 1)"
    say "cluster: check the network, a proxy (HTTPS_PROXY) and the package source (dotnet nuget list source)"
    exit 2
  fi
  say "cluster: the build failed; its errors (all of its output: $log):"
  (grep -E '(error|Error) ' "$log" || tail -n 20 "$log") | sed -E 's/ \[[^]]*\]$//' | sort -u | head -n 20 >&2
  exit 1
}

cannot_write() {
  say "cluster: $1 cannot be written: make it writable, or free space on its disk ($(free_mb "$1") MB left)"
  exit 2
}

package_cache() { printf '%s' "${NUGET_PACKAGES:-$HOME/.nuget/packages}"; }

# The nearest folder that exists counts.
free_kb() {
  local folder=$1
  while [ ! -d "$folder" ]; do folder=$(dirname -- "$folder"); done
  df -Pk -- "$folder" | awk 'NR == 2 {print $4}'
}

free_mb() { printf '%d' $(($(free_kb "$1") / 1024)); }

has_space() { [ "$(free_kb "$1")" -ge $least_free_kb ]; }
