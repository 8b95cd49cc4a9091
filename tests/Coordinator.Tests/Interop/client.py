"""A client in Python that knows nothing of our protos but what server reflection tells it.

client.py TARGET FINGERPRINT CHECK runs one check against a coordinator; exit code 0 when it holds.
"""
import os
import sys

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 3, "examples", "clients", "python"))
import cluster_api

TARGET, FINGERPRINT, CHECK = sys.argv[1:4]
PATIENCE = 120
CHANNEL = grpc.insecure_channel(TARGET)


def same(expected, actual):
    if expected != actual:
        sys.exit(f"{CHECK}: expected {expected!r}, got {actual!r}")


def state(message):
    return message.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[message.state].name


def submit(jobs, **fields):
    return jobs.CreateJob(spec={"dataset": {"fingerprint": FINGERPRINT}}, **fields)


def failure(code, call):
    """The status' details by type, where the call fails as it should."""
    try:
        result = call()
    except grpc.RpcError as error:
        same((code, True), (error.code(), error.details() != ""))
        found = cluster_api.details(error)
        same((True, "training-cluster"), ("RequestInfo" in found, found["ErrorInfo"].domain))
        return found
    sys.exit(f"{CHECK}: expected {code}, got {result!r}")


def reflection():
    for version in ("v1", "v1alpha"):
        names = {service.name for service in cluster_api.ask(CHANNEL, version, list_services="*").services.service}
        wanted = {"cluster.v1.Jobs", "cluster.v1.Datasets", "cluster.v1.Checkpoints", "grpc.health.v1.Health"}
        same(set(), wanted - names)


def submit_get_list():
    jobs = cluster_api.Service(CHANNEL, "cluster.v1.Jobs")
    job = submit(jobs, request_id="from-python")
    same(("JOB_STATE_QUEUED", 256), (state(job), job.spec.model.d_model))
    same(job.id, submit(jobs, request_id="from-python").id)
    # Its reason changes meanwhile: the queue says what is missing.
    same(job.spec, jobs.GetJob(id=job.id).spec)
    same([job.id], [queued.job_id for queued in jobs.GetQueue(namespace="default").jobs if queued.job_id == job.id])
    same([job.id], [listed.id for listed in jobs.ListJobs(page_size=100).jobs if listed.id == job.id])


def watch_cancel():
    jobs = cluster_api.Service(CHANNEL, "cluster.v1.Jobs")
    job = submit(jobs)
    events = jobs.WatchJob(id=job.id)
    same("JOB_STATE_QUEUED", state(next(events).state))
    same("JOB_STATE_CANCELLED", state(jobs.CancelJob(id=job.id, reason="genug: größer")))
    rest = [event for event in events if event.HasField("state")]
    same(("JOB_STATE_CANCELLED", "cancelled: genug: größer"), (state(rest[-1].state), rest[-1].state.reason))
    same(grpc.StatusCode.OK, events.code())


def errors():
    jobs = cluster_api.Service(CHANNEL, "cluster.v1.Jobs")
    bad = failure(grpc.StatusCode.INVALID_ARGUMENT, lambda: jobs.CreateJob(
        spec={"dataset": {"fingerprint": FINGERPRINT}, "training": {"logicalShards": 3, "beta1": 1.0}}))
    same(["spec.training.logical_shards", "spec.training.beta1"], [violation.field for violation in bad["BadRequest"].field_violations])
    gone = failure(grpc.StatusCode.NOT_FOUND, lambda: jobs.GetJob(id="nope"))["ResourceInfo"]
    same(("job", "nope"), (gone.resource_type, gone.resource_name))
    gone = failure(grpc.StatusCode.NOT_FOUND, lambda: list(jobs.WatchJob(id="nope")))["ResourceInfo"]
    same("nope", gone.resource_name)
    early = failure(grpc.StatusCode.FAILED_PRECONDITION, lambda: jobs.CreateJob(spec={"dataset": {"fingerprint": "b" * 64}}))
    same(("DATASET_MISSING", "training-cluster"), (early["ErrorInfo"].reason, early["ErrorInfo"].domain))


def deadline_and_cancellation():
    jobs = cluster_api.Service(CHANNEL, "cluster.v1.Jobs")
    job = submit(jobs)
    try:
        # A queued job has nothing more to tell.
        sys.exit(f"{CHECK}: {len(list(jobs.WatchJob(timeout=3, id=job.id)))} events and an end")
    except grpc.RpcError as error:
        same(grpc.StatusCode.DEADLINE_EXCEEDED, error.code())
    events = jobs.WatchJob(id=job.id)
    next(events)
    events.cancel()
    same(grpc.StatusCode.CANCELLED, events.code())
    same(job.id, jobs.GetJob(id=job.id).id)


def prepare():
    """Text of the client's own: the fingerprint is that of ./cluster prepare, and a job of it is taken."""
    datasets, jobs = (cluster_api.Service(CHANNEL, f"cluster.v1.{name}") for name in ("Datasets", "Jobs"))
    source = "".join(f"the number {i} of {i % 7}\n" for i in range(200)).encode()
    target = "".join(f"die Zahl {i} von {i % 7}\n" for i in range(200)).encode()

    def messages(last=target):
        yield {"settings": {"vocabulary_size": 300}}
        for part, data in ((1, source), (2, last)):
            for at in range(0, len(data), 512):
                yield {"text": {"part": part, "data": data[at:at + 512]}}

    info = datasets.PrepareDataset(messages())
    same((FINGERPRINT, 198), (info.fingerprint, info.sentence_count))
    job = jobs.CreateJob(spec={"dataset": {"fingerprint": info.fingerprint}})
    same([job.id], [each for each in datasets.GetDataset(fingerprint=FINGERPRINT).needed_by_job_ids if each == job.id])
    needed = failure(grpc.StatusCode.FAILED_PRECONDITION, lambda: datasets.DeleteDataset(fingerprint=FINGERPRINT))["ErrorInfo"]
    same("DATASET_NEEDED", needed.reason)
    bad = failure(grpc.StatusCode.INVALID_ARGUMENT, lambda: datasets.PrepareDataset(messages(b"eins\n")))["BadRequest"]
    same(True, "source has 200 lines but target has 1" in bad.field_violations[0].description)


def health():
    # HealthCheckResponse { status: SERVING }.
    same(b"\x08\x01", CHANNEL.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=PATIENCE))


globals()[CHECK]()
