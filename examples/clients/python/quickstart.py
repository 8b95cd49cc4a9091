"""Trains on text of your own and translates: quickstart.py ADDRESS SOURCE TARGET [STEPS [SERVING SENTENCE]]

ADDRESS is a coordinator's gRPC address; SOURCE and TARGET are files of parallel text, a sentence a line. SERVING is the gRPC address of
'./cluster serve', which serves the models of that coordinator: it translates SENTENCE.
"""
import sys
import time
import uuid

import grpc

import cluster_api

PIECE_BYTES = 256 * 1024
SERVED_WITHIN_S = 60


def text(source, target):
    """The messages of PrepareDataset: settings first, then both sides of the text in pieces."""
    yield {"settings": {"vocabulary_size": 6000}}
    for part, path in ((1, source), (2, target)):
        with open(path, "rb") as file:
            while data := file.read(PIECE_BYTES):
                yield {"text": {"part": part, "data": data}}


def follow(jobs, job_id):
    """The last state of a job, over lost connections."""
    token, last = "", None
    while True:
        try:
            for event in jobs.WatchJob(id=job_id, resume_token=token, timeout=None):
                token = event.token
                if event.HasField("progress"):
                    print(f"step {event.progress.step}, loss {event.progress.loss:.3f}")
                if event.HasField("state"):
                    last = event.state
            # The stream ends after the event in which the job ends.
            return last
        except grpc.RpcError as error:
            # The job goes on while the coordinator is away, and the token says where to go on.
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise


def translate(serving, job_id, sentence):
    """What the job's model makes of a sentence. The server hears of the model a moment after the job has ended."""
    inference, until = cluster_api.Service(grpc.insecure_channel(serving), "cluster.v1.Inference"), time.monotonic() + SERVED_WITHIN_S
    while True:
        try:
            return inference.Translate(model=job_id, texts=[sentence]).translations[0].text
        except grpc.RpcError as error:
            waits = error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.UNAVAILABLE)
            if not waits or time.monotonic() > until:
                raise
            time.sleep(1)


def main(address, source, target, steps="20", serving=None, sentence=""):
    # A closed cluster: grpc.secure_channel with its ca.crt, and metadata authorization: "Bearer TOKEN" (docs/security.md).
    channel = grpc.insecure_channel(address)
    datasets, jobs = (cluster_api.Service(channel, f"cluster.v1.{name}") for name in ("Datasets", "Jobs"))
    for path in (source, target):
        open(path, "rb").close()  # A file that cannot be read is told before the call begins.
    dataset = datasets.PrepareDataset(text(source, target))
    print(f"dataset {dataset.fingerprint}, {dataset.sentence_count} sentences")
    spec = {
        "name": "quickstart",
        "dataset": {"fingerprint": dataset.fingerprint},
        "model": {"dModel": 16, "heads": 2, "layers": 1, "feedForward": 32},
        "training": {"steps": steps, "logicalShards": 2, "batchTokens": 512},
        "workers": {"max": 1},
    }
    # The same request id gives the same job, however often the call is repeated.
    job = jobs.CreateJob(spec=spec, labels={"made-by": "quickstart"}, request_id=str(uuid.uuid4()))
    print(f"job {job.id}")
    end = follow(jobs, job.id)
    if not end.weights_sha256:
        sys.exit(f"job {job.id}: {end.reason}")
    size = sum(len(chunk.data) for chunk in jobs.GetArtifacts(id=job.id))
    print(f"weights_sha256 {end.weights_sha256}, {size} bytes of model files")
    if serving:
        print(f"translation: {translate(serving, job.id, sentence)}")


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 7:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    except grpc.RpcError as error:
        found = cluster_api.details(error)
        reason = found["ErrorInfo"].reason if "ErrorInfo" in found else error.code().name
        lines = [f"  {violation.field}: {violation.description}" for violation in getattr(found.get("BadRequest"), "field_violations", [])]
        sys.exit("\n".join([f"{reason}: {error.details()}", *lines]))
