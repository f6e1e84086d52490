"""Bare gRPC in Python: what blobs could travel at most, with no store, no digest and no protobuf behind it.

Run as a program it serves 32 messages of 1 MiB per call; imported, it measures a client against that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, Final

import grpc

from artifactd.transport import tune_transport

MESSAGE: Final = 1 << 20
COUNT: Final = 32
_OPTIONS: Final = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))


def serve() -> None:
    """Print the port, then serve until killed."""
    tune_transport()
    data = os.urandom(MESSAGE)

    def download(_request: bytes, _context: grpc.ServicerContext) -> Iterator[bytes]:
        for _ in range(COUNT):
            yield data

    def upload(messages: Iterator[bytes], _context: grpc.ServicerContext) -> bytes:
        return str(sum(len(message) for message in messages)).encode()

    handlers = {
        "Download": grpc.unary_stream_rpc_method_handler(download),
        "Upload": grpc.stream_unary_rpc_method_handler(upload),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4), options=_OPTIONS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bare", handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def rates(rounds: int) -> tuple[list[float], list[float]]:
    """Upload and download rates in MB/s (10^6 bytes), after one round that does not count."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.grpc_ceiling"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}", options=_OPTIONS) as channel:
            send: Any = channel.stream_unary("/bench.Bare/Upload")
            receive: Any = channel.unary_stream("/bench.Bare/Download")
            message = os.urandom(MESSAGE)
            up = [_rate(lambda: int(send(iter([message] * COUNT)))) for _ in range(rounds + 1)]
            down = [_rate(lambda: sum(len(part) for part in receive(b""))) for _ in range(rounds + 1)]
        return up[1:], down[1:]
    finally:
        process.kill()
        process.wait()


def _rate(action: Callable[[], int]) -> float:
    start = time.perf_counter()
    moved = action()
    seconds = time.perf_counter() - start
    if moved != MESSAGE * COUNT:
        raise AssertionError(f"moved {moved} bytes")
    return moved / 1e6 / seconds


if __name__ == "__main__":
    serve()
