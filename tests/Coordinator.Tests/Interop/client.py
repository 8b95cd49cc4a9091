"""A client in Python that knows nothing of our protos but what server reflection tells it.

client.py TARGET FINGERPRINT CHECK runs one check against a coordinator; exit code 0 when it holds.
"""
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

TARGET, FINGERPRINT, CHECK = sys.argv[1:4]
PATIENCE = 120
CHANNEL = grpc.insecure_channel(TARGET)
FIELD = descriptor_pb2.FieldDescriptorProto


def classes(pool):
    """The message classes of a pool by full name."""
    if hasattr(message_factory, "GetMessageClass"):
        return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    factory = message_factory.MessageFactory(pool)
    return lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


def define(package, **messages):
    """A pool with messages written as {field: (number, type)}; a type in a list is repeated, a string names a message."""
    file = descriptor_pb2.FileDescriptorProto(name=package, package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            label = FIELD.LABEL_REPEATED if isinstance(kind, list) else FIELD.LABEL_OPTIONAL
            kind = kind[0] if isinstance(kind, list) else kind
            if isinstance(kind, str):
                message.field.add(name=field, number=number, label=label, type=FIELD.TYPE_MESSAGE, type_name=f".{package}.{kind}")
            else:
                message.field.add(name=field, number=number, label=label, type=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    known = classes(pool)
    return lambda name: known(f"{package}.{name}")


REFLECTION = define(
    "reflection",
    Question={"file_by_filename": (3, FIELD.TYPE_STRING), "file_containing_symbol": (4, FIELD.TYPE_STRING), "list_services": (7, FIELD.TYPE_STRING)},
    Answer={"files": (4, "Files"), "services": (6, "Services")},
    Files={"file": (1, [FIELD.TYPE_BYTES])},
    Services={"service": (1, ["Service"])},
    Service={"name": (1, FIELD.TYPE_STRING)})

RPC = define(
    "google.rpc",
    Status={"code": (1, FIELD.TYPE_INT32), "message": (2, FIELD.TYPE_STRING), "details": (3, ["Any"])},
    Any={"type_url": (1, FIELD.TYPE_STRING), "value": (2, FIELD.TYPE_BYTES)},
    BadRequest={"field_violations": (1, ["FieldViolation"])},
    FieldViolation={"field": (1, FIELD.TYPE_STRING), "description": (2, FIELD.TYPE_STRING)},
    ErrorInfo={"reason": (1, FIELD.TYPE_STRING), "domain": (2, FIELD.TYPE_STRING)},
    ResourceInfo={"resource_type": (1, FIELD.TYPE_STRING), "resource_name": (2, FIELD.TYPE_STRING)})


def ask(version="v1alpha", **question):
    call = CHANNEL.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=REFLECTION("Question").SerializeToString, response_deserializer=REFLECTION("Answer").FromString)
    # Nobody reads the stream to its end: the client goes away, which is no error of the service.
    return next(call(iter([REFLECTION("Question")(**question)]), timeout=PATIENCE))


class Service:
    """The stub of a service: its methods by name, with requests given as keyword arguments."""

    def __init__(self, name):
        self._name, self._pool, self._files = name, descriptor_pool.DescriptorPool(), set()
        self._add(ask(file_containing_symbol=name))
        self._service, self._classes = self._pool.FindServiceByName(name), classes(self._pool)

    def _add(self, answer):
        for content in answer.files.file:
            file = descriptor_pb2.FileDescriptorProto.FromString(content)
            if file.name in self._files:
                continue
            self._files.add(file.name)
            for dependency in file.dependency:
                self._add(ask(file_by_filename=dependency))
            self._pool.Add(file)

    def __getattr__(self, name):
        method = self._service.methods_by_name[name]
        request, answer = self._classes(method.input_type.full_name), self._classes(method.output_type.full_name)
        streams = name in ("WatchJob", "GetArtifacts")
        if name == "PrepareDataset":
            call = CHANNEL.stream_unary(
                f"/{self._name}/{name}", request_serializer=request.SerializeToString, response_deserializer=answer.FromString)
            return lambda messages, timeout=PATIENCE: call((request(**message) for message in messages), timeout=timeout)
        call = (CHANNEL.unary_stream if streams else CHANNEL.unary_unary)(
            f"/{self._name}/{name}", request_serializer=request.SerializeToString, response_deserializer=answer.FromString)
        return lambda timeout=PATIENCE, **fields: call(json_format.ParseDict(fields, request()), timeout=timeout)


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
        status = RPC("Status").FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
        same((code.value[0], error.details()), (status.code, status.message))
        names = [detail.type_url.rpartition("/")[2].rpartition(".")[2] for detail in status.details]
        return {name: RPC(name).FromString(detail.value) for name, detail in zip(names, status.details)}
    sys.exit(f"{CHECK}: expected {code}, got {result!r}")


def reflection():
    for version in ("v1", "v1alpha"):
        names = {service.name for service in ask(version, list_services="*").services.service}
        wanted = {"cluster.v1.Jobs", "cluster.v1.Datasets", "cluster.v1.Checkpoints", "grpc.health.v1.Health"}
        same(set(), wanted - names)


def submit_get_list():
    jobs = Service("cluster.v1.Jobs")
    job = submit(jobs, request_id="from-python")
    same(("JOB_STATE_QUEUED", 256), (state(job), job.spec.model.d_model))
    same(job.id, submit(jobs, request_id="from-python").id)
    # Its reason changes meanwhile: the queue says what is missing.
    same(job.spec, jobs.GetJob(id=job.id).spec)
    same([job.id], [queued.job_id for queued in jobs.GetQueue(namespace="default").jobs if queued.job_id == job.id])
    same([job.id], [listed.id for listed in jobs.ListJobs(page_size=100).jobs if listed.id == job.id])


def watch_cancel():
    jobs = Service("cluster.v1.Jobs")
    job = submit(jobs)
    events = jobs.WatchJob(id=job.id)
    same("JOB_STATE_QUEUED", state(next(events).state))
    same("JOB_STATE_CANCELLED", state(jobs.CancelJob(id=job.id, reason="genug: größer")))
    rest = [event for event in events if event.HasField("state")]
    same(("JOB_STATE_CANCELLED", "cancelled: genug: größer"), (state(rest[-1].state), rest[-1].state.reason))
    same(grpc.StatusCode.OK, events.code())


def errors():
    jobs = Service("cluster.v1.Jobs")
    bad = failure(grpc.StatusCode.INVALID_ARGUMENT, lambda: jobs.CreateJob(
        spec={"dataset": {"fingerprint": FINGERPRINT}, "training": {"logicalShards": 3, "beta1": 1.0}}))
    same(["training.logicalShards", "training.beta1"], [violation.field for violation in bad["BadRequest"].field_violations])
    gone = failure(grpc.StatusCode.NOT_FOUND, lambda: jobs.GetJob(id="nope"))["ResourceInfo"]
    same(("job", "nope"), (gone.resource_type, gone.resource_name))
    gone = failure(grpc.StatusCode.NOT_FOUND, lambda: list(jobs.WatchJob(id="nope")))["ResourceInfo"]
    same("nope", gone.resource_name)
    early = failure(grpc.StatusCode.FAILED_PRECONDITION, lambda: jobs.CreateJob(spec={"dataset": {"fingerprint": "b" * 64}}))
    same(("DATASET_MISSING", "training-cluster"), (early["ErrorInfo"].reason, early["ErrorInfo"].domain))


def deadline_and_cancellation():
    jobs = Service("cluster.v1.Jobs")
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
    datasets, jobs = Service("cluster.v1.Datasets"), Service("cluster.v1.Jobs")
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
