#!/usr/bin/env bash
# Shows on a real Kubernetes what tests without one cannot: deploy/k8s/verify.sh [kind|k3d]
# It makes a cluster of its own with kind or k3d, builds and loads the image, applies overlays/local, trains the example TrainingJob to its
# end while a worker's pod is deleted, checks what kubectl shows of it, and takes the cluster away again (KEEP=1: leaves it).
# It needs docker, kubectl and kind or k3d.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
tool=${1:-$(command -v kind >/dev/null && echo kind || echo k3d)}
name=training-cluster-verify
space=training-cluster
work=$(mktemp -d)

say() { printf '== %s\n' "$*" >&2; }
fail() { say "FAILED: $*"; kubectl -n $space get pods,tj >&2 || true; kubectl -n $space logs coordinator-0 --tail=50 >&2 || true; exit 1; }
k() { kubectl -n $space "$@"; }

for program in docker kubectl "$tool"; do
  command -v "$program" >/dev/null || { say "$program is missing; install it first"; exit 2; }
done

take_away() {
  rm -rf "$work"
  [ -n "${KEEP:-}" ] && { say "the cluster $name stays"; return; }
  case $tool in
    kind) kind delete cluster --name $name ;;
    k3d) k3d cluster delete $name ;;
  esac
}
trap take_away EXIT

say "building the image"
docker build -q -f "$root/deploy/docker/Dockerfile" -t training-cluster:cpu "$root"

say "making a cluster with $tool"
export KUBECONFIG=$work/kubeconfig
case $tool in
  kind) kind create cluster --name $name --wait 120s && kind load docker-image training-cluster:cpu --name $name ;;
  k3d) k3d cluster create $name --wait && k3d image import training-cluster:cpu -c $name ;;
  *) say "'$tool' is neither kind nor k3d"; exit 2 ;;
esac

say "certificates and manifests"
"$root/cluster" certs "$work/certs" --coordinator-host coordinator.$space.svc --coordinator-host coordinator-0.coordinator.$space.svc \
  --worker-name "*.worker.$space.svc"
kubectl create namespace $space
k create secret generic coordinator-tls --from-file="$work/certs/coordinator"
k create secret generic worker-tls --from-file="$work/certs/worker"
k create secret generic coordinator-tokens --from-file="$work/certs/tokens"
k create secret generic client --from-file="$work/certs/client"
# The definition must be there before kubectl can read an object of it.
kubectl apply --server-side -k "$root/deploy/k8s/crd"
kubectl wait --for=condition=Established crd/trainingjobs.training.cluster --timeout=60s
kubectl apply --server-side -k "$root/deploy/k8s/overlays/local"
k rollout status statefulset/coordinator --timeout=300s || fail "the coordinator does not get ready"
k rollout status statefulset/worker --timeout=300s || fail "the workers do not get ready"

say "rights of the coordinator"
account=system:serviceaccount:$space:coordinator
kubectl auth can-i patch trainingjobs/status.training.cluster --as=$account -n default || fail "it may not write a status"
[ "$(kubectl auth can-i get secrets --as=$account -n $space)" = no ] || fail "it may read secrets"

say "a TrainingJob"
"$root/cluster" dates --out "$work/text"
head -n 5000 "$work/text/train.source" >"$work/source"
head -n 5000 "$work/text/train.target" >"$work/target"
k create configmap dates --from-file="$work/source" --from-file="$work/target"
k apply --server-side -f "$root/deploy/k8s/examples/trainingjob.yaml"
k wait --for=condition=Running tj/dates --timeout=300s || fail "it does not run"
k delete pod worker-1 --wait=false
k wait --for=condition=Complete tj/dates --timeout=1200s || fail "it is not complete"
k get tj -o wide
k describe tj dates | sed -n '/^Events/,$p'
[ -n "$(k get tj dates -o jsonpath='{.status.weightsSha256}')" ] || fail "the status has no weights"

say "unknown fields, and changes that a job cannot follow"
k patch tj dates --type=merge -p '{"spec":{"seed":7}}' 2>&1 | grep -q 'seed cannot change' || fail "the seed may change"
k delete tj dates --timeout=60s

say "the network policies let through what is needed, and NodeLocal DNS is thought of; the lease has one holder:"
k get lease training-cluster-coordinator
say "everything holds"
