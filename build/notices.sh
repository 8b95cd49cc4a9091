#!/usr/bin/env bash
# Writes THIRD-PARTY-NOTICES: every package that the four programs bring along, as its own description in the package cache says.
# Run it after a build, when a package comes, goes or changes its version: build/notices.sh
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${NUGET_PACKAGES:-$HOME/.nuget/packages}

# "Name/1.2.3", as the programs' own lists of dependencies have them.
shipped() {
  grep -hB1 '"type": "package"' artifacts/bin/{Coordinator,Worker,Serving,Cli}/release/*.deps.json |
    sed -nE 's|^ *"([^"]+/[^"]+)": \{$|\1|p' | sort -fu
}

# field NUSPEC ELEMENT: its text, on one line.
field() { tr -d '\r\n' <"$1" | sed -nE "s|.*<$2[^>]*>([^<]*)</$2>.*|\1|p" | sed 's/&amp;/\&/g; s/&lt;/</g; s/&gt;/>/g'; }

entry() {
  local name=${1%/*} version=${1#*/} folder spec license
  folder=$cache/${name,,}/${version,,}
  spec=$folder/${name,,}.nuspec
  license=$(field "$spec" license)
  [ -n "$license" ] || license=$(field "$spec" licenseUrl)
  ! grep -q '<license type="file"' "$spec" || license="its own ($license below)"
  printf '%s %s\n  licence: %s\n' "$name" "$version" "$license"
  [ -z "$(field "$spec" copyright)" ] || printf '  %s\n' "$(field "$spec" copyright)"
  printf '  %s\n\n' "$(field "$spec" projectUrl)"
}

# Licences that are no standard text, and libtorch's list of what was compiled into it.
texts() {
  local name=${1%/*} version=${1#*/} folder file
  folder=$cache/${name,,}/${version,,}
  for file in $(sed -nE 's|.*<license type="file">([^<]*)<.*|\1|p' "$folder/${name,,}.nuspec") LICENSE-LIBTORCH.txt; do
    [ -f "$folder/$file" ] || continue
    printf '%s\n%s %s: %s\n\n' "$(printf '=%.0s' {1..100})" "$name" "$version" "$file"
    tr -d '\r' <"$folder/$file" | sed '1s/^\xef\xbb\xbf//; s/[[:space:]]*$//'
    printf '\n'
  done
}

packages=$(shipped)
{
  cat <<'HEAD'
What the images and published programs contain besides this project's own work (LICENSE). Written by build/notices.sh.
Standard licences are named by their SPDX identifiers; their texts: https://spdx.org/licenses/

.NET and ASP.NET Core (in the base image, or beside the program when it is published self-contained)
  licence: MIT
  © .NET Foundation and Contributors
  https://dot.net/

The image for NVIDIA GPUs is based on PyTorch's own image, which brings PyTorch, CUDA and cuDNN under their licences.

HEAD
  for package in $packages; do entry "$package"; done
  for package in $packages; do texts "$package"; done
} | cat -s >THIRD-PARTY-NOTICES.new
mv THIRD-PARTY-NOTICES.new THIRD-PARTY-NOTICES
