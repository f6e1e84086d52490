"""What the embedder grants of the network: fetch, XMLHttpRequest and TCP connections, and what guests get without."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from runtime_core.fetch import (
    FetchFailedError,
    FetchPolicy,
    FetchReply,
    FetchRequest,
    HttpFetch,
    TcpConnect,
    is_public,
)
from runtime_core.isolate import Isolate, IsolateOptions
from schemas.errors import PythonError
from tests.conformance.ffi.http_server import serve
from tests.support import releases

pytestmark = pytest.mark.boot


def run(source: str, options: IsolateOptions | None = None) -> object:
    """The value that ``main()`` of the source returns in a fresh isolate."""
    with Isolate(releases.runtime(), options) as isolate:
        isolate.run(source)
        return isolate.call("main")


@contextlib.contextmanager
def echo_server() -> Iterator[int]:
    """A TCP server on this machine that sends back in capitals what it gets; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = server.accept()
                    with peer:
                        while data := peer.recv(1000):
                            peer.sendall(data.upper())

        threading.Thread(target=work, daemon=True).start()
        yield server.getsockname()[1]


def test_without_a_grant_fetch_says_so() -> None:
    source = """
async def main():
    from pyodide.http import pyfetch, open_url, pyxhr
    said = []
    try:
        await pyfetch("http://example.com/")
    except OSError as error:
        said.append(str(error))
    for load in (open_url, pyxhr.get):
        try:
            load("http://example.com/")
        except Exception as error:
            said.append(str(error))
    return said
"""
    said = run(source)
    assert isinstance(said, list)
    assert len(said) == 3
    assert "not granted" in said[0]
    assert "not granted" in said[1]
    assert "Network error" in said[2]


def test_the_embedder_may_give_a_function_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[FetchRequest] = []

    def fetch(request: FetchRequest) -> FetchReply:
        seen.append(request)
        if request.url.endswith("/fail"):
            raise FetchFailedError("not today", code="ENOTODAY")
        if request.url.endswith("/broken"):
            raise ZeroDivisionError("secret of the host")
        return FetchReply(status=201, reason="Made", headers=(("X-A", "1"),), body=b"made up", url=request.url)

    source = """
async def main():
    import js
    from pyodide.http import pyfetch
    reply = await pyfetch("http://u.test/x?y#z", method="POST", body="sent", headers={"X-B": "2"})
    said = [reply.status, reply.status_text, reply.headers["x-a"], await reply.text(), reply.url]
    for path in ("fail", "broken"):
        try:
            await js.fetch("http://u.test/" + path)
        except Exception as error:
            said.append([str(error), str(error.cause)])
    return said
"""
    assert run(source, IsolateOptions(fetch=fetch)) == [
        201,
        "Made",
        "1",
        "made up",
        "http://u.test/x?y",
        ["TypeError: fetch failed", "Error: not today"],
        ["TypeError: fetch failed", "Error: the host's fetch failed: ZeroDivisionError"],
    ]
    assert (seen[0].method, seen[0].url, seen[0].body) == ("POST", "http://u.test/x?y", b"sent")
    assert ("X-B", "2") in seen[0].headers
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


XHR = """
def main(base):
    from pyodide.http import HttpStatusError, open_url, pyxhr
    said = [open_url(base + "/json").read()]
    reply = pyxhr.get(base + "/text", params={"a": "1"})
    said += [reply.status_code, reply.ok, reply.text, reply.headers["x-custom"], reply.url == base + "/text?a=1"]
    reply = pyxhr.post(base + "/echo", json={"k": [1]}, headers={"X-Mine": "yes"}, auth=("me", "secret"))
    echoed = reply.json()
    said += [echoed["body"], echoed["headers"]["x-mine"], echoed["headers"]["authorization"]]
    for call in (pyxhr.put, pyxhr.patch, pyxhr.delete, pyxhr.options):
        said.append(call(base + "/echo").json()["method"])
    try:
        pyxhr.get(base + "/status/404").raise_for_status()
    except HttpStatusError as error:
        said.append(error.status)
    return said
"""


def test_open_url_and_pyxhr() -> None:
    policy = FetchPolicy(origins=("*",), allow_private_addresses=True)
    with serve() as base, Isolate(releases.runtime(), IsolateOptions(fetch=HttpFetch(policy))) as isolate:
        isolate.run(XHR)
        assert isolate.call("main", base) == [
            '{"a": [1, 2, {"b": null}]}',
            200,
            True,
            "héllo wörld",
            "yes",
            True,
            '{"k": [1]}',
            "yes",
            "Basic bWU6c2VjcmV0",
            "PUT",
            "PATCH",
            "DELETE",
            "OPTIONS",
            404,
        ]


def test_an_asynchronous_xmlhttprequest() -> None:
    source = """
async def main(base):
    import asyncio, js
    from pyodide.ffi import create_proxy
    done = asyncio.Event()
    states = []
    request = js.XMLHttpRequest.new()
    request.responseType = "json"
    request.onreadystatechange = create_proxy(lambda event: states.append(request.readyState))
    request.addEventListener("load", create_proxy(lambda event: done.set()))
    request.open("GET", base + "/json")
    request.send()
    await done.wait()
    return [states, request.response.to_py(), request.status, request.getResponseHeader("Content-Type")]
"""
    policy = FetchPolicy(origins=("*",), allow_private_addresses=True)
    with serve() as base, Isolate(releases.runtime(), IsolateOptions(fetch=HttpFetch(policy))) as isolate:
        isolate.run(source)
        expected = [[1, 2, 3, 4], {"a": [1, 2, {"b": None}]}, 200, "application/json"]
        assert isolate.call("main", base) == expected


@pytest.mark.parametrize(
    ("policy", "path", "reason"),
    [
        (FetchPolicy(origins=()), "/text", "does not allow requests to"),
        (FetchPolicy(origins=("http://other.test",)), "/text", "does not allow requests to"),
        (FetchPolicy(origins=("*",)), "/text", "does not allow connections to the address"),
        (FetchPolicy(origins=("*",), allow_private_addresses=True, max_response_bytes=100), "/bytes", "100 bytes"),
        (FetchPolicy(origins=("*",), allow_private_addresses=True, max_response_bytes=5000), "/gzip", "5000 bytes"),
        (FetchPolicy(origins=("*",), allow_private_addresses=True, max_header_bytes=10), "/text", "10 bytes"),
        (FetchPolicy(origins=("*",), allow_private_addresses=True, timeout_seconds=0.2), "/slow/2000", "TIMEDOUT"),
        (FetchPolicy(origins=("*",), allow_private_addresses=True, max_redirects=2), "/redirect/302/5", "redirect"),
    ],
)
def test_what_the_policy_forbids(policy: FetchPolicy, path: str, reason: str) -> None:
    with serve() as base, pytest.raises(FetchFailedError, match=reason):
        HttpFetch(policy)(FetchRequest(method="GET", url=base + path))


def test_redirects_are_checked_like_the_first_request() -> None:
    with serve() as base:
        policy = FetchPolicy(origins=(base,), allow_private_addresses=True)
        reply = HttpFetch(policy)(FetchRequest(method="GET", url=base + "/redirect/302/2"))
        assert (reply.status, reply.redirected, reply.url) == (200, True, base + "/echo")


def test_the_checked_address_is_the_one_connected_to() -> None:
    answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 80))]])
    fetch = HttpFetch(FetchPolicy(origins=("*",)), resolve=lambda *_: next(answers))
    with pytest.raises(FetchFailedError, match="does not allow connections"):
        fetch(FetchRequest(method="GET", url="http://rebound.test/"))
    assert next(answers, None) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("nonsense", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    assert is_public(address) is expected


CLIENT = """
def main(host, port):
    import socket
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(b"hello ")
        connection.sendall(b"world")
        data = b""
        while len(data) < 11:
            data += connection.recv(100)
        connection.settimeout(0.05)
        try:
            connection.recv(1)
        except TimeoutError as error:
            late = type(error).__name__
        connection.setblocking(False)
        try:
            connection.recv(1)
        except BlockingIOError as error:
            empty = type(error).__name__
        connection.shutdown(socket.SHUT_WR)
        connection.setblocking(True)
        end = connection.recv(1)
    return [data, late, empty, end]
"""


def test_a_granted_connection() -> None:
    asked: list[tuple[str, int]] = []
    with echo_server() as port:

        def connect(host: str, number: int) -> socket.socket:
            asked.append((host, number))
            return socket.create_connection(("127.0.0.1", number), timeout=5)

        with Isolate(releases.runtime(), IsolateOptions(connect=connect)) as isolate:
            isolate.run(CLIENT)
            found = isolate.call("main", "server.test", port)
    assert found == [b"HELLO WORLD", "TimeoutError", "BlockingIOError", b""]
    assert asked == [("server.test", port)]


def test_connections_that_the_policy_forbids() -> None:
    source = """
def main(port):
    import socket
    said = []
    for host in ("127.0.0.1", "other.test"):
        try:
            socket.create_connection((host, port), timeout=1)
        except OSError as error:
            said.append([type(error).__name__, error.errno])
    return said
"""
    with echo_server() as port:
        connect = TcpConnect([f"127.0.0.1:{port}"])
        with Isolate(releases.runtime(), IsolateOptions(connect=connect)) as isolate:
            isolate.run(source)
            assert isolate.call("main", port) == [["PermissionError", 2], ["PermissionError", 2]]


def test_connections_are_closed_with_the_isolate() -> None:
    made: list[socket.socket] = []
    with echo_server() as port:

        def connect(host: str, number: int) -> socket.socket:
            made.append(socket.create_connection(("127.0.0.1", number)))
            return made[-1]

        with Isolate(releases.runtime(), IsolateOptions(connect=connect)) as isolate:
            isolate.run(f"import socket\nkept = socket.create_connection(('x.test', {port}))")
    assert made[0].fileno() == -1


def test_a_guest_without_a_grant_reaches_nobody() -> None:
    with Isolate(releases.runtime()) as isolate, pytest.raises(PythonError, match="Host is unreachable"):
        isolate.run("import socket\nsocket.create_connection(('127.0.0.1', 80))")


@pytest.mark.parametrize(
    "action",
    [
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.socket().listen()",
        "socket.create_server(('127.0.0.1', 0))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
        "socket.socket(1)",
        "socket.getprotobyname('tcp')",
    ],
)
@pytest.mark.parametrize("granted", [False, True])
def test_sockets_are_clients(action: str, *, granted: bool) -> None:
    def connect(host: str, port: int) -> socket.socket:
        raise AssertionError(f"{host}:{port} was asked for")

    options = IsolateOptions(connect=connect) if granted else IsolateOptions()
    source = f"import socket\ndef main():\n    try:\n        {action}\n    except OSError:\n        return 'refused'"
    assert run(source, options) == "refused"
