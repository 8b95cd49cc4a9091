#!/usr/bin/env bash
# Fetches the OpenAPI documents that Kubernetes publishes with each version (4 MB each), and holds every overlay against them, strictly:
#   deploy/k8s/schemas.sh [DIR]
# It needs curl and kubectl. A DIR that has the documents already is used as it is.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${1:-$root/artifacts/kubernetes-schemas}
mkdir -p "$folder"
for version in v1.30 v1.31 v1.32 v1.33 v1.34; do
  [ -s "$folder/$version.json" ] && continue
  curl -fsSL -o "$folder/$version.part" \
    "https://raw.githubusercontent.com/kubernetes/kubernetes/release-${version#v}/api/openapi-spec/swagger.json"
  mv "$folder/$version.part" "$folder/$version.json"
done
CLUSTER_KUBERNETES_SCHEMAS=$(cd -- "$folder" && pwd) exec "$root/cluster" test kubernetes -- -class '*PublishedSchemaTests'
