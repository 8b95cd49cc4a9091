#!/usr/bin/env bash
# Shows on a real Kubernetes what tests without one cannot: deploy/k8s/verify.sh [kind|k3d]
# It makes a cluster of its own with kind or k3d, builds and loads the image, applies overlays/local, trains the example TrainingJob to its
# end while a worker's pod is deleted, checks what kubectl shows of it, and takes the cluster away again (KEEP=1: leaves it).
# It needs docker, kubectl, kind or k3d, and the .NET SDK for ./cluster.
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
# Without the Job 'submit': its job would stand before the TrainingJob in the queue.
kubectl apply --server-side -k "$root/deploy/k8s/overlays/local" -l 'app.kubernetes.io/name!=submit'
k rollout status statefulset/coordinator --timeout=300s || fail "the coordinator does not get ready"
k rollout status statefulset/worker --timeout=300s || fail "the workers do not get ready"

say "rights of the coordinator"
account=system:serviceaccount:$space:coordinator
kubectl auth can-i patch trainingjobs.training.cluster --subresource=status --as=$account -n default || fail "it may not write a status"
[ "$(kubectl auth can-i get secrets --as=$account -n $space)" = no ] || fail "it may read secrets"

say "a TrainingJob"
"$root/cluster" dates --out "$work/text"
head -n 5000 "$work/text/train.source" >"$work/source"
head -n 5000 "$work/text/train.target" >"$work/target"
k create configmap dates --from-file="$work/source" --from-file="$work/target"
k apply --server-side -f "$root/deploy/k8s/examples/trainingjob.yaml"
k wait --for=condition=Running tj/dates --timeout=300s || fail "it does not run"
say "a worker and the coordinator are moved in the middle: no step is lost"
k delete pod worker-1 --wait=false
k delete pod coordinator-0
k rollout status statefulset/coordinator --timeout=300s || fail "the coordinator does not come back"
k wait --for=condition=Complete tj/dates --timeout=1200s || fail "it is not complete"
[ "$(k get tj dates -o jsonpath='{.status.stepsLost}')" = 0 ] || fail "steps were lost"
k get tj -o wide
k describe tj dates | sed -n '/^Events/,$p'
[ -n "$(k get tj dates -o jsonpath='{.status.weightsSha256}')" ] || fail "the status has no weights"

say "unknown fields, and changes that a job cannot follow"
# Both are refused: no pipe, whose status would be that of the refusal.
refused() { local said; said=$("${@:2}" 2>&1) && fail "$* was not refused"; case $said in *"$1"*) ;; *) fail "$said" ;; esac; }
refused 'seed cannot change' k patch tj dates --type=merge -p '{"spec":{"seed":7}}'
sed 's/^spec:/spec:\n  colour: blue/' "$root/deploy/k8s/examples/trainingjob.yaml" >"$work/unknown.yaml"
refused 'unknown field' k create -f "$work/unknown.yaml"
k delete tj dates --timeout=60s

say "the network policies keep out who is not named"
kubectl -n default run probe --image=training-cluster:cpu --image-pull-policy=Never --restart=Never --command -- \
  bash -c "! timeout 10 bash -c '</dev/tcp/worker-0.worker.$space.svc/7072'"
kubectl -n default wait --for=jsonpath='{.status.phase}'=Succeeded pod/probe --timeout=120s || fail "a stranger reaches a worker"

say "the lease has one holder"
k get lease training-cluster-coordinator
say "everything holds"
