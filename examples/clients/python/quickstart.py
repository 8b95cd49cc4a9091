"""Trains a job and follows it: quickstart.py ADDRESS FINGERPRINT [STEPS]

ADDRESS is a coordinator's gRPC address, FINGERPRINT that of a dataset which it holds.
"""
import sys
import uuid

import grpc

import cluster_api


def main(address, fingerprint, steps=20):
    # A closed cluster: grpc.secure_channel with its ca.crt, and metadata authorization: "Bearer TOKEN" (docs/security.md).
    channel = grpc.insecure_channel(address)
    jobs = cluster_api.Service(channel, "cluster.v1.Jobs")
    spec = {
        "name": "quickstart",
        "dataset": {"fingerprint": fingerprint},
        "model": {"dModel": 16, "heads": 2, "layers": 1, "feedForward": 32},
        "training": {"steps": str(steps), "logicalShards": 2, "batchTokens": 512},
        "workers": {"max": 1},
    }
    # The same request id gives the same job, however often the call is repeated.
    job = jobs.CreateJob(spec=spec, labels={"made-by": "quickstart"}, request_id=str(uuid.uuid4()))
    print(f"job {job.id}")

    token, last, ended = "", None, False
    while not ended:
        try:
            for event in jobs.WatchJob(id=job.id, resume_token=token, timeout=None):
                token = event.token
                if event.HasField("progress"):
                    print(f"step {event.progress.step}, loss {event.progress.loss:.3f}")
                if event.HasField("state"):
                    last = event.state
            # The stream ends after the event in which the job ends.
            ended = True
        except grpc.RpcError as error:
            # The job goes on while the coordinator is away, and the token says where to go on.
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
    if not last.weights_sha256:
        sys.exit(f"job {job.id}: {last.reason}")
    size = sum(len(chunk.data) for chunk in jobs.GetArtifacts(id=job.id))
    print(f"weights_sha256 {last.weights_sha256}, {size} bytes of model files")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as error:
        found = cluster_api.details(error)
        reason = found["ErrorInfo"].reason if "ErrorInfo" in found else error.code().name
        lines = [f"  {violation.field}: {violation.description}" for violation in getattr(found.get("BadRequest"), "field_violations", [])]
        sys.exit("\n".join([f"{reason}: {error.details()}", *lines]))
