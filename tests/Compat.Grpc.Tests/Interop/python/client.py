"""A grpcio client: client.py TARGET CHECK runs one check against our server; exit code 0 when it holds."""
import sys
import threading

import grpc

DETAIL = "nicht gefunden: größer als 100 % – 没有"
RAW = "/compat.tests.v1.Raw/"
TARGET, CHECK = sys.argv[1:3]
CHANNEL = grpc.insecure_channel(TARGET, options=[
    ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
UNARY = CHANNEL.unary_unary(RAW + "Unary")
COLLECT = CHANNEL.stream_unary(RAW + "Collect")
SPLIT = CHANNEL.unary_stream(RAW + "Split")
CHAT = CHANNEL.stream_stream(RAW + "Chat")
PATIENCE = 120


def same(expected, actual):
    if expected != actual:
        sys.exit(f"{CHECK}: expected {expected!r}, got {actual!r}")


def failure(call):
    try:
        result = call()
    except grpc.RpcError as error:
        return error
    sys.exit(f"{CHECK}: expected a failure, got {result!r}")


def unary():
    same(b"hello", UNARY(b"hello", timeout=PATIENCE))
    same(b"", UNARY(b"", timeout=PATIENCE))


def client_stream():
    same(bytes(range(100)), COLLECT((bytes([i]) for i in range(100)), timeout=PATIENCE))


def server_stream():
    same([bytes([i]) for i in range(100)], list(SPLIT(bytes(range(100)), timeout=PATIENCE)))


def duplex():
    answered = threading.Semaphore(0)

    def questions():
        for i in range(10):
            yield bytes([i])
            answered.acquire(timeout=PATIENCE)

    answers = []
    for answer in CHAT(questions(), timeout=PATIENCE):
        answers.append(answer)
        answered.release()
    same([bytes([i]) for i in range(10)], answers)


def deadline():
    # The connection is there, so the call reaches the service before its deadline.
    same(b"x", UNARY(b"x", timeout=PATIENCE))
    error = failure(lambda: UNARY(b"x", timeout=4, metadata=[("x-do", "wait")]))
    same(grpc.StatusCode.DEADLINE_EXCEEDED, error.code())


def cancel():
    waiting = SPLIT(b"x", timeout=PATIENCE, metadata=[("x-do", "wait"), ("x-copy-begun", "1")])
    same(True, ("x-copy-begun", "1") in waiting.initial_metadata())
    waiting.cancel()
    same(grpc.StatusCode.CANCELLED, waiting.code())


def metadata():
    sent = (("x-copy-text", "a b"), ("x-copy-data-bin", bytes([0, 255, 44])))
    _, call = UNARY.with_call(b"x", metadata=sent, timeout=PATIENCE)
    for received in (call.initial_metadata(), call.trailing_metadata()):
        found = {key: value for key, value in received}
        same("a b", found.get("x-copy-text"))
        same(bytes([0, 255, 44]), found.get("x-copy-data-bin"))


def status():
    error = failure(lambda: UNARY(b"x", metadata=[("x-do", "fail")], timeout=PATIENCE))
    same(grpc.StatusCode.NOT_FOUND, error.code())
    same(DETAIL, error.details())
    same(bytes([0, 1, 2, 255]), dict(error.trailing_metadata()).get("grpc-status-details-bin"))
    error = failure(lambda: list(SPLIT(b"x", metadata=[("x-do", "fail")], timeout=PATIENCE)))
    same(grpc.StatusCode.NOT_FOUND, error.code())
    same(DETAIL, error.details())


def unimplemented():
    missing = CHANNEL.unary_unary(RAW + "Missing")
    same(grpc.StatusCode.UNIMPLEMENTED, failure(lambda: missing(b"", timeout=PATIENCE)).code())


def large():
    message = bytes(range(256)) * (8 * 1024 * 4)
    same(True, UNARY(message, timeout=PATIENCE) == message)
    same(True, list(CHAT(iter([message, message]), timeout=PATIENCE)) == [message, message])


def gzip():
    message = b"a" * 100_000
    same(message, UNARY(message, compression=grpc.Compression.Gzip, timeout=PATIENCE))


def health():
    check = CHANNEL.unary_unary("/grpc.health.v1.Health/Check")
    same(b"\x08\x01", check(b"", timeout=PATIENCE))
    missing = failure(lambda: check(b"\x0a\x04none", timeout=PATIENCE))
    same(grpc.StatusCode.NOT_FOUND, missing.code())
    watch = CHANNEL.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=PATIENCE)
    same(b"\x08\x01", next(watch))
    watch.cancel()


def reflection():
    for version in ("v1", "v1alpha"):
        ask = CHANNEL.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
        services = next(ask(iter([b"\x3a\x01*"]), timeout=PATIENCE))
        for name in (b"compat.tests.v1.Echo", b"grpc.health.v1.Health", b"grpc.reflection.v1.ServerReflection"):
            same((version, name, True), (version, name, name in services))
        symbol = b"compat.tests.v1.Note"
        file = next(ask(iter([b"\x22" + bytes([len(symbol)]) + symbol]), timeout=PATIENCE))
        same((version, True), (version, b"echo.proto" in file))


globals()[CHECK]()
