#!/usr/bin/env bash
# Makes the self-contained program that check.sh takes to a machine with PyTorch: no libtorch, no .NET needed there.
#   deploy/gpu/publish.sh FOLDER      makes FOLDER and FOLDER.tar.xz
set -euo pipefail

[ $# -eq 1 ] || { echo "publish.sh: give the folder to make: deploy/gpu/publish.sh FOLDER" >&2; exit 2; }
target=$(realpath -m -- "$1")
root=$(cd -- "$(dirname -- "$0")/../.." && pwd)
[ ! -e "$target" ] || { echo "publish.sh: $target is there already; remove it or name another" >&2; exit 2; }

# Intermediate files of its own: the tree's build goes on with libtorch beside it.
artifacts=$(mktemp -d)
trap 'rm -rf "$artifacts"' EXIT
for project in src/Coordinator src/Worker src/Serving src/Cli bench/Bench; do
  dotnet publish "$root/$project" -c Release -r linux-x64 --self-contained -p:WithLibtorch=false -p:DebugType=none \
    -nologo -v quiet -nodeReuse:false -p:UseSharedCompilation=false \
    --artifacts-path "$artifacts" -o "$target"
done
# What no command of ours uses: drawing outside of SVG, durable distributed data, crash dumps and debuggers.
(cd "$target" && rm -f liblmdb.so LightningDB.dll SkiaSharp.dll libSkiaSharp.so createdump libmscordaccore.so libmscordbi.so ./*.pdb ./*.xml)
mkdir -p "$target/bench"
cp -r "$root/bench/peers" "$target/bench/peers"
cp "$root/deploy/gpu/check.sh" "$target/check.sh"
tar -C "$(dirname "$target")" -c "$(basename "$target")" | xz -6 -T0 > "$target.tar.xz"
printf '%s: %d MB, %d MB compressed\n' "$target" "$(($(du -sm "$target" | cut -f1)))" "$(($(stat -c %s "$target.tar.xz") / 1000000))"
