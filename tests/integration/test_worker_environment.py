"""The environment and the context of a worker's requests: ``env``, ``ctx.waitUntil``; streams in dedicated releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from runtime_core.cli import main
from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from runtime_core.web import Request
from schemas.errors import CaptureError, ConfigError, LimitError, PythonError
from tests.support.stacked import build_worker, worker_runtime

pytestmark = pytest.mark.boot

_WORKER = """
import asyncio
import json
import _pyodide_entrypoint_helper as helper
import js

done = []
shared = helper.cloudflareWorkersModule.env
wait_until = helper.cloudflareWorkersModule.waitUntil
Transform = js.TransformStream


async def later(what, seconds=0.01):
    await asyncio.sleep(seconds)
    done.append(what)


async def fails():
    await later("failing")
    raise ValueError("left behind")


class Default:
    def __init__(self, ctx, env):
        self.ctx, self.env = ctx, env

    async def fetch(self, request):
        path = js.URL.new(request.url).pathname
        if path == "/env":
            told = [self.env.NAME, self.env.LIST.to_py(), self.env.DATA.to_bytes().hex(), shared.NAME]
            return js.Response.new(json.dumps(told))
        if path == "/context":
            ctx = self.ctx
            told = [str(ctx), ctx.constructor.name, ctx.passThroughOnException(), js.Object.keys(ctx.props).to_py()]
            return js.Response.new(json.dumps(told))
        if path == "/wait":
            self.ctx.waitUntil(later("coroutine"))
            self.ctx.waitUntil(asyncio.ensure_future(later("task")))
            self.ctx.waitUntil(js.Promise.resolve(3))
            self.ctx.waitUntil(None)
            wait_until(later("module"))
        elif path == "/fails":
            self.ctx.waitUntil(fails())
        elif path == "/raises":
            self.ctx.waitUntil(later("after the error"))
            raise RuntimeError("no answer")
        elif path == "/never":
            self.ctx.waitUntil(asyncio.get_running_loop().create_future())
        elif path == "/nested":
            self.ctx.waitUntil(rejected(nested(js.Array.of, 5000, 1)))
            rejected(nested(js.Array.of, 5000, 1))
        elif path == "/shared":
            self.ctx.waitUntil(rejected(nested(js.Array.of, 40, 2)))
        elif path == "/code":
            try:
                js.Event.new()
            except Exception as error:
                error.code = error
                self.ctx.waitUntil(rejected(error))
                raise
        elif path == "/outer":
            self.ctx.waitUntil(later("outer", 0.3))
            import network
            network.send("/wait")
            self.ctx.waitUntil(later("outer, too"))
        elif path == "/long":
            self.ctx.waitUntil(later("long", 60))
        elif path == "/stream":
            ends = Transform.new()
            self.ctx.waitUntil(stream(ends.writable.getWriter()))
            return js.Response.new(ends.readable, status=201)
        return js.Response.new(json.dumps(done))


def rejected(reason):
    parts = js.Promise.withResolvers()
    parts.reject(reason)
    return parts.promise  # a call would give a future of Python's


def nested(make, depth, width):
    value = make()
    for _ in range(depth):
        value = make(*[value] * width)
    return value


async def stream(writer):
    from pyodide.ffi import to_js
    for number in range(3):
        await writer.write(to_js(f"{number};".encode()))
    await writer.close()


async def app(scope, receive, send):
    if scope["type"] == "http":
        name = getattr(scope["env"], "NAME", "none")
        wait_until(later("asgi"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name.encode()})
"""
_ENV: Final = {"NAME": "value", "LIST": [1, {"a": "b"}, True], "DATA": b"\0\xff"}


def boot(output: list[bytes] | None = None, **options: Any) -> Isolate:
    sink = (lambda _: None) if output is None else output.append
    given = IsolateOptions(stdout=sink, stderr=sink, **options)
    return Isolate(worker_runtime(_WORKER), given)


def get(isolate: Isolate, path: str) -> object:
    return json.loads(isolate.fetch(Request(url=f"http://worker.test{path}")).body)


def test_variables_are_members_of_env() -> None:
    with boot(env=_ENV) as isolate:
        assert get(isolate, "/env") == ["value", [1, {"a": "b"}, True], "00ff", "value"]
        assert isolate.asgi(Request(url="http://worker.test/")).body == b"value"
    with boot(env={"NAME": "another", "LIST": [], "DATA": b""}) as isolate:
        assert get(isolate, "/env") == ["another", [], "", "another"]
    with boot() as isolate:
        assert isolate.asgi(Request(url="http://worker.test/")).body == b"none"
        with pytest.raises(PythonError, match="NAME"):
            get(isolate, "/env")


@pytest.mark.parametrize("value", [len, object(), float("nan"), {1: 2}, {"a": {2}}, bytearray(1)])
def test_what_no_env_holds_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match=r"env\.X cannot be handed to a worker"):
        boot(env={"X": value})


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="a name in env is no text"):
        boot(env={1: "x"})


def test_an_env_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ConfigError, match="nested too deep"):
        boot(env={"X": endless})


def test_the_context_of_a_request() -> None:
    with boot() as isolate:
        assert get(isolate, "/context") == ["[object ExecutionContext]", "ExecutionContext", None, []]


def test_work_goes_on_until_it_is_done() -> None:
    with boot() as isolate:
        assert get(isolate, "/wait") == []
        assert sorted(isolate.evaluate("__import__('worker').done")) == ["coroutine", "module", "task"]
        isolate.asgi(Request(url="http://worker.test/"))
        assert isolate.evaluate("__import__('worker').done[-1]") == "asgi"


def test_work_that_fails_is_reported_and_the_answer_counts() -> None:
    output: list[bytes] = []
    with boot(output) as isolate:
        assert get(isolate, "/fails") == []
        assert b"ValueError: left behind" in b"".join(output)
        assert get(isolate, "/") == ["failing"]


def test_work_goes_on_after_an_error() -> None:
    with boot() as isolate:
        with pytest.raises(PythonError, match="no answer"):
            get(isolate, "/raises")
        assert get(isolate, "/") == ["after the error"]


def test_work_that_can_never_end_is_reported() -> None:
    output: list[bytes] = []
    with boot(output) as isolate:
        assert get(isolate, "/never") == []
        assert b"waitUntil: the awaited result can never arrive" in b"".join(output)


def test_errors_that_cannot_be_shown_are_reported() -> None:
    output: list[bytes] = []
    with boot(output) as isolate:
        assert get(isolate, "/nested") == []
        assert sorted(b"".join(output).splitlines()) == [
            b"Uncaught (in promise) [object Array]",
            b"Uncaught [object Array]",
        ]
        output.clear()
        with pytest.raises(PythonError):
            get(isolate, "/code")
        assert output == [b"Uncaught [object Error]\n"]
        assert get(isolate, "/wait") == []


def test_showing_an_error_counts_for_the_limits() -> None:
    with boot(limits=Limits(cpu_seconds=1)) as isolate:
        with pytest.raises(LimitError):
            get(isolate, "/shared")
        assert isolate.state is IsolateState.DEAD


def test_a_request_within_a_request() -> None:
    inner: list[object] = []

    def send(path: str) -> None:
        inner.append(get(isolate, path))
        inner.append(sorted(isolate.evaluate("__import__('worker').done")))

    with boot(modules={"network": {"send": send}}) as isolate:
        get(isolate, "/outer")
        assert inner == [[], ["coroutine", "module", "task"]]
        assert sorted(isolate.evaluate("__import__('worker').done[3:]")) == ["outer", "outer, too"]


def test_work_counts_for_the_limits() -> None:
    with boot(limits=Limits(wait_seconds=0.2)) as isolate:
        with pytest.raises(LimitError):
            get(isolate, "/long")
        assert isolate.state is IsolateState.DEAD


def test_there_is_nothing_to_wait_for_outside_of_requests() -> None:
    with boot() as isolate, pytest.raises(PythonError, match="waitUntil is for work that a request begins"):
        isolate.run("import worker\nworker.wait_until(None)")


def test_an_answer_may_be_written_while_it_is_read() -> None:
    with boot() as isolate:
        answer = isolate.fetch(Request(url="http://worker.test/stream"))
        assert (answer.status, answer.body) == (201, b"0;1;2;")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import js\nstream = js.ReadableStream.new()", "stream"),
        ("import js\nends = js.TransformStream.new()", "ends"),
        ("import _pyodide_entrypoint_helper as helper\nhelper.cloudflareWorkersModule.env.CACHE = 3", "env: CACHE"),
        (
            "import _pyodide_entrypoint_helper as helper, js\nhelper.cloudflareWorkersModule.env.X = js.Array.new()",
            "env",
        ),
        ("import js\nwriter = js.WritableStream.new().getWriter()", "writer"),
    ],
)
def test_what_no_snapshot_holds_fails_the_build(source: str, name: str) -> None:
    with pytest.raises(CaptureError, match=name):
        build_worker(source)


def test_env_on_the_command_line(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    directory = str(build_worker(_WORKER).directory)
    arguments = ["request", "--release", directory, "--state", str(tmp_path), "http://worker.test/"]
    assert main([*arguments, "--env", "NAME=a=b", "--env", "X="]) == 0
    assert capfdbinary.readouterr().out == b"a=b"
    assert main([*arguments, "--env", "NAME"]) != 0
    assert b"NAME=VALUE" in capfdbinary.readouterr().err
