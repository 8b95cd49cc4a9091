"""A grpcio server of the raw service: prints its port, then serves until its standard input ends."""
import sys
from concurrent import futures

import grpc

DETAIL = "nicht gefunden: größer als 100 % – 没有"


def begin(context):
    metadata = dict(context.invocation_metadata())
    copied = [(key, value) for key, value in context.invocation_metadata() if key.startswith("x-copy-")]
    if copied:
        context.send_initial_metadata(copied)
        context.set_trailing_metadata(copied)
    what = metadata.get("x-do")
    if what == "fail":
        context.set_trailing_metadata((("grpc-status-details-bin", bytes([0, 1, 2, 255])),))
        context.abort(grpc.StatusCode.NOT_FOUND, DETAIL)
    if what == "wait":
        ended = futures.Future()
        if not context.add_callback(lambda: ended.set_result(None)):
            return
        ended.result()
        print("cancelled", flush=True)


def unary(request, context):
    begin(context)
    return request


def collect(requests, context):
    begin(context)
    return b"".join(requests)


def split(request, context):
    begin(context)
    for value in request:
        yield bytes([value])


def chat(requests, context):
    begin(context)
    yield from requests


def main():
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=unlimited)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("compat.tests.v1.Raw", {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Collect": grpc.stream_unary_rpc_method_handler(collect),
        "Split": grpc.unary_stream_rpc_method_handler(split),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    }),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


main()
