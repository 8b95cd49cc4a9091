"""The cluster's services for Python, without generated code: they describe themselves (server reflection).

Needs grpcio and protobuf (Debian: python3-grpcio python3-protobuf; else: pip install grpcio protobuf).
"""
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

PATIENCE_S = 120
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
    Question={
        "file_by_filename": (3, FIELD.TYPE_STRING),
        "file_containing_symbol": (4, FIELD.TYPE_STRING),
        "list_services": (7, FIELD.TYPE_STRING)},
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
    RequestInfo={"request_id": (1, FIELD.TYPE_STRING)},
    RetryInfo={},
    ResourceInfo={"resource_type": (1, FIELD.TYPE_STRING), "resource_name": (2, FIELD.TYPE_STRING)})


def ask(channel, version="v1alpha", **question):
    """One question to server reflection."""
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=REFLECTION("Question").SerializeToString, response_deserializer=REFLECTION("Answer").FromString)
    # Nobody reads the stream to its end: the client goes away, which is no error of the service.
    return next(call(iter([REFLECTION("Question")(**question)]), timeout=PATIENCE_S))


class Service:
    """The stub of a service: its methods by name. Requests are given as keyword arguments, streams of them as iterables of dicts."""

    def __init__(self, channel, name):
        self._channel, self._name = channel, name
        self._pool, self._files = descriptor_pool.DescriptorPool(), set()
        self._add(ask(channel, file_containing_symbol=name))
        self._service, self._classes = self._pool.FindServiceByName(name), classes(self._pool)

    def _add(self, answer):
        for content in answer.files.file:
            file = descriptor_pb2.FileDescriptorProto.FromString(content)
            if file.name in self._files:
                continue
            self._files.add(file.name)
            for dependency in file.dependency:
                self._add(ask(self._channel, file_by_filename=dependency))
            self._pool.Add(file)

    def __getattr__(self, name):
        method = self._service.methods_by_name[name]
        kind = descriptor_pb2.MethodDescriptorProto()
        method.CopyToProto(kind)
        request, answer = self._classes(method.input_type.full_name), self._classes(method.output_type.full_name)
        one, many = ("unary", "stream")
        call = getattr(self._channel, f"{many if kind.client_streaming else one}_{many if kind.server_streaming else one}")(
            f"/{self._name}/{name}", request_serializer=request.SerializeToString, response_deserializer=answer.FromString)
        if kind.client_streaming:
            return lambda messages, timeout=PATIENCE_S: call((request(**message) for message in messages), timeout=timeout)
        return lambda timeout=PATIENCE_S, **fields: call(json_format.ParseDict(fields, request()), timeout=timeout)


def details(error):
    """The details of a failed call by the names of their types: ErrorInfo, BadRequest, ResourceInfo, RequestInfo, RetryInfo."""
    trailers = dict(error.trailing_metadata())
    status = RPC("Status").FromString(trailers.get("grpc-status-details-bin", b""))
    named = [(detail.type_url.rpartition(".")[2], detail.value) for detail in status.details]
    return {name: RPC(name).FromString(value) for name, value in named}
