"""Dedicated releases: a worker's top level in the snapshot, its files beside it, requests answered after a restore."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release_on
from runtime_core.cli import main
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.snapshot.types import TypeRules
from runtime_core.web import Request
from schemas.errors import (
    AbiMismatchError,
    CaptureError,
    ConfigError,
    EntrypointError,
    LimitError,
    PlatformError,
    PythonError,
    RestoreError,
    WorkerError,
)
from schemas.exit_codes import ExitCode
from schemas.release import Role
from schemas.snapshot_metadata import SnapshotType
from tests.support import releases
from tests.support.stacked import build_worker, worker_runtime

pytestmark = pytest.mark.boot

_COUNTING = """
import json
print("top level")
count = 0
started = []

async def app(scope, receive, send):
    global count
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["ready"] = "yes"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shut down")
        await send({"type": "lifespan.shutdown.complete"})
        return
    count += 1
    body = (await receive())["body"]
    told = {
        "count": count, "method": scope["method"], "path": scope["path"], "query": scope["query_string"].decode(),
        "host": dict(scope["headers"])[b"host"].decode(), "body": body.decode(), "ready": scope["state"]["ready"],
        "next": (await receive_after(receive, send, body)),
    }
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

async def receive_after(receive, send, body):
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-test", b"1"), (b"x-test", b"2")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    return "streamed"

async def broken(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan here")
    await send({"type": "http.response.start", "status": 200, "headers": []})
"""

_ON_FETCH = """
from js import Response

async def on_fetch(request):
    return Response.new(await request.text(), status=202, headers=[['a', request.method]])
"""
_DEFAULT = """
import js

class Default:
    def __init__(self, ctx, env):
        self.env = env

    async def fetch(self, request):
        return js.Response.new(f'{request.url} {self.env}')
"""
_ONCE_CALLABLE = "from pyodide.ffi import create_once_callable as once\nwait = {'x': once(print)}"
_DESTROYED = "from pyodide.ffi import create_proxy\ngone = create_proxy(print)\ngone.destroy()\nkept = (gone,)"


def _options(output: list[bytes] | None = None) -> IsolateOptions:
    sink = (lambda _: None) if output is None else output.append
    return IsolateOptions(stdout=sink, stderr=sink)


def test_the_top_level_ran_in_the_build_only() -> None:
    runtime = worker_runtime(_COUNTING)
    assert runtime.snapshot_type is SnapshotType.DEDICATED
    assert [artifact.role for artifact in runtime.manifest.artifacts][-1] is Role.WORKER
    output: list[bytes] = []
    with Isolate(runtime, _options(output)) as isolate:
        answer = isolate.asgi(Request(url="http://worker.test/a%20b?x=1", method="post", body=b"hi"))
        assert answer.status == 201
        assert answer.headers == (("x-test", "1"), ("x-test", "2"))
        assert b'"path": "/a b", "query": "x=1", "host": "worker.test", "body": "hi", "ready": "yes"' in answer.body
        assert b'"count": 2' in isolate.asgi(Request(url="http://worker.test/")).body
    assert b"".join(output) == b"shut down\n"
    with Isolate(runtime, _options()) as other:
        assert b'"count": 1' in other.asgi(Request(url="http://worker.test/")).body


def test_an_incomplete_answer_is_an_error_and_the_isolate_goes_on() -> None:
    with Isolate(worker_runtime(_COUNTING), _options()) as isolate:
        with pytest.raises(PythonError, match="without a complete response"):
            isolate.asgi(Request(url="http://worker.test/"), app="broken")
        with pytest.raises(PythonError, match="absent"):
            isolate.asgi(Request(url="http://worker.test/"), app="absent")
        assert isolate.asgi(Request(url="http://worker.test/")).status == 201


@pytest.mark.parametrize(
    ("source", "expected"),
    [(_ON_FETCH, (202, b"ping")), (_DEFAULT, (200, b"http://worker.test/path [object Object]"))],
)
def test_workers_that_fetch(source: str, expected: tuple[int, bytes]) -> None:
    with Isolate(worker_runtime(source), _options()) as isolate:
        answer = isolate.fetch(Request(url="http://worker.test/path", method="POST", body=b"ping"))
        assert (answer.status, answer.body) == expected


def test_requests_from_the_command_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    release = str(build_worker(_COUNTING).directory)
    state = str(default_cache_root() / "cli-state")
    url = "http://worker.test/x"
    assert main(["request", "--release", release, "--state", state, url, "--data", "hi", "--header", "a: b"]) == 0
    assert b'"method": "POST", "path": "/x"' in capfdbinary.readouterr().out
    assert main(["request", "--release", release, "--state", state, url, "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["status"] == 201
    assert main(["request", "--release", release, "--state", state, url, "--fetch"]) == int(ExitCode.WORKER)
    assert b"on_fetch" in capfdbinary.readouterr().err
    assert main(["request", "--release", release, "--state", state, "worker.test"]) == int(ExitCode.CONFIG)


def test_what_is_no_entrypoint_is_named() -> None:
    request = Request(url="http://worker.test/")
    without = r'"worker" does not export a handler named "on_fetch"'
    with Isolate(worker_runtime("x = 1"), _options()) as isolate, pytest.raises(EntrypointError, match=without):
        isolate.fetch(request)
    with Isolate(worker_runtime("def on_fetch(): return 5"), _options()) as isolate, pytest.raises(WorkerError):
        isolate.fetch(request)
    with Isolate(releases.runtime(), _options()) as isolate, pytest.raises(EntrypointError, match="baseline"):
        isolate.asgi(request)


def test_the_same_worker_gives_the_same_release(tmp_path: Path) -> None:
    first = build_worker(_COUNTING)
    fresh = BuildCache(tmp_path / "cache")
    bundle = WorkerBundle(main="worker.py", files={"worker.py": _COUNTING.encode()})
    again = build_release_on(
        releases.local_release(),
        tmp_path / "again",
        cache=fresh,
        timeline=Timeline(),
        options=ReleaseOptions(worker=bundle),
    )
    assert again.manifest_digest == first.manifest_digest


def test_host_modules_of_the_top_level_must_be_there_again() -> None:
    source = "from bindings import add, store\nimport bindings\nname = 'x'\ndef use(): return add(1, 2)"
    runtime = worker_runtime(source, modules=(("bindings", ("add", "store")),))
    members = {"add": lambda left, right: left + right, "store": lambda: None}
    options = IsolateOptions(stdout=lambda _: None, stderr=lambda _: None, modules={"bindings": members})
    with Isolate(runtime, options) as isolate:
        isolate.run("import worker, bindings\nassert bindings is worker.bindings and bindings.add(2, 3) == 5")
        isolate.run("assert worker.use() == 3")
    with pytest.raises(RestoreError, match="no bindings"):
        Isolate(runtime, _options())
    with pytest.raises(RestoreError, match="does not offer"):
        Isolate(runtime, IsolateOptions(modules={"bindings": {"add": max}}))


_HOLDING = """
import js, pyodide_js
from js import Object, JSON, fetch
from pyodide.ffi import create_proxy

kept = create_proxy(lambda value, *_: value + 1)
again = kept
holder = {"callback": create_proxy(print), "math": js.Math, "nan": js.NaN}
today = js.Date.new(0).toISOString()
js.Array.new(3).push(1)
"""
_CANCELLED = """
import asyncio

async def main():
    await asyncio.wait_for(asyncio.sleep(0), 30)
    async with asyncio.timeout(30):
        await asyncio.sleep(0.01)
    sleeping = asyncio.ensure_future(asyncio.sleep(30))
    await asyncio.sleep(0)
    sleeping.cancel()

asyncio.run(main())
asyncio.get_event_loop().call_later(30, print, "never").cancel()
asyncio.get_event_loop().call_soon(print, "never").cancel()

async def wait():
    while True:
        got.append(await queue.get())

got = []
queue = asyncio.Queue()
waiting = asyncio.ensure_future(wait())
asyncio.run(asyncio.sleep(0))
"""
_LAZY = """
class Lazy:
    def __getattribute__(self, name):
        raise LookupError(f"the object was asked for {name}")

class Meta(type):
    def __getattribute__(self, name):
        raise SystemExit(4)

class Made(metaclass=Meta):
    pass

lazy = [Lazy(), Made, Made()]

import __main__
__main__.gc = __main__.js = 5
"""
_IN_GENERATOR = "import js\ndef steps():\n    made = js.Date.new(0)\n    yield made\nit = steps()\nnext(it)"
_IN_SLOT = "import js\nclass Slots:\n    __slots__ = ('made',)\nslots = Slots()\nslots.made = js.Date.new(0)"
_IN_CONTEXT = "import js, contextvars\nvariable = contextvars.ContextVar('v')\nvariable.set(js.Date.new(0))"
_IN_TASK = """
import asyncio, js
async def wait():
    made = js.Date.new(0)
    await asyncio.get_event_loop().create_future()
task = asyncio.ensure_future(wait())
asyncio.run(asyncio.sleep(0))
"""


def test_what_the_top_level_holds_of_javascript_is_there_again() -> None:
    """References by name, and proxies of the guest's own functions: usable, the same object, and destroyed once."""
    with Isolate(worker_runtime(_HOLDING), _options()) as isolate:
        isolate.run(
            "import js, worker, pyodide_js\n"
            "assert worker.Object == js.Object and worker.JSON.stringify(5) == '5' and worker.fetch == js.fetch\n"
            "assert worker.holder['math'].max(1, 2) == 2 and worker.pyodide_js.version == pyodide_js.version\n"
            "assert worker.kept is worker.again and worker.kept(1) == 2\n"
            "assert list(js.Array.new(1, 2).map(worker.kept)) == [2, 3]\n"
            "worker.kept.destroy()\n"
            "try:\n    worker.again(1)\nexcept Exception as error:\n    assert 'destroyed' in str(error)\n"
            "else:\n    raise AssertionError\n"
        )


def test_cancelled_timers_and_waiting_tasks_are_captured() -> None:
    output: list[bytes] = []
    with Isolate(worker_runtime(_CANCELLED), _options(output)) as isolate:
        isolate.run(
            "import asyncio, worker\n"
            "worker.queue.put_nowait(4)\n"
            "asyncio.run(asyncio.sleep(0.001))\n"
            "assert worker.got == [4] and not worker.waiting.done()\n"
        )
    assert output == []


def test_what_the_worker_made_is_left_alone() -> None:
    """Also objects that load what they stand for when they are asked for their class, such as Django's."""
    with Isolate(worker_runtime(_LAZY), _options()) as isolate:
        assert isolate.evaluate("import worker\nlen(worker.lazy)") == 3
        assert isolate.evaluate("gc + js") == 10


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        ("raise ValueError('at the top')", PythonError, "at the top"),
        ("import absent_module", PythonError, "absent_module"),
        ("import js\nheld = js.Date.new(0)", CaptureError, r"variable held of module worker.*<Date>"),
        ("import js\nclass Config:\n    made = [js.Date.new(0)]", CaptureError, r"Config.made\[0\] of module worker"),
        (
            "from pyodide.ffi import to_js\ndef outer():\n    made = to_js([1])\n    return lambda: made\nf = outer()",
            CaptureError,
            "variable f.<made> of module worker",
        ),
        (_ONCE_CALLABLE, CaptureError, r"wait\['x'\]"),
        (_DESTROYED, CaptureError, "variable gone of module worker.*destroyed proxy"),
        (_IN_GENERATOR, CaptureError, "variable it.<made> of module worker"),
        (_IN_SLOT, CaptureError, "variable slots.made of module worker"),
        (_IN_CONTEXT, CaptureError, "variable variable.<value> of module worker"),
        (_IN_TASK, CaptureError, "variable task.<coroutine>.<made> of module worker"),
        (f"{_LAZY}import js\nlazy.append(js.Date.new(0))", CaptureError, r"variable lazy\[3\] of module worker"),
        ("import js\nheld = [[[[[[js.Object.new()]]]]]]", CaptureError, r"variable held(\[0\]){6} of module worker"),
        ("import js\nheld = js.Date.new(0).getTime", CaptureError, "variable held of module worker"),
        ("import builtins, js\nbuiltins.held = js.Date.new(0)", CaptureError, "variable held of module builtins"),
        ("import collections as c, js\nheld = c.deque([js.Date.new(0)])", CaptureError, "variable held.<JsProxy> of"),
        ("import asyncio, js\njs.setTimeout(lambda: None, 60000)", CaptureError, "tasks or timers"),
        ("import asyncio\nasyncio.run(asyncio.sleep(1000))", LimitError, "waited too long"),
        ("import sys\nsys.exit(3)", PythonError, "SystemExit"),
        ("import os\nos._exit(3)", PlatformError, "status 3"),
        ("import bindings\nbindings.add()", PythonError, "cannot be called while a snapshot is made"),
    ],
)
def test_a_top_level_that_cannot_be_captured(source: str, kind: type[PlatformError], text: str, tmp_path: Path) -> None:
    bundle = WorkerBundle(main="worker.py", files={"worker.py": source.encode()})
    options = ReleaseOptions(worker=bundle, modules={"bindings": ("add",)})
    cache = BuildCache(default_cache_root())
    with pytest.raises(kind, match=text):
        build_release_on(releases.local_release(), tmp_path / "out", cache=cache, timeline=Timeline(), options=options)
    assert not (tmp_path / "out").exists()


def test_types_are_built_in_their_order(tmp_path: Path) -> None:
    dedicated = LocalRelease.open(build_worker(_COUNTING).directory)
    cache = BuildCache(default_cache_root())
    bundle = WorkerBundle(main="worker.py", files={"worker.py": b""})
    with pytest.raises(AbiMismatchError, match="expected baseline or package, found dedicated"):
        build_release_on(dedicated, tmp_path, cache=cache, timeline=Timeline(), options=ReleaseOptions(worker=bundle))
    with pytest.raises(ConfigError, match="nothing is added"):
        build_release_on(dedicated, tmp_path, cache=cache, timeline=Timeline(), options=ReleaseOptions())
    package = build_release_on(
        releases.local_release(),
        tmp_path / "package",
        cache=cache,
        timeline=Timeline(),
        options=ReleaseOptions(imports=("decimal",)),
    )
    assert package.manifest.abi.snapshot_type is SnapshotType.PACKAGE
    on_package = build_release_on(
        LocalRelease.open(package.directory),
        tmp_path / "dedicated",
        cache=cache,
        timeline=Timeline(),
        options=ReleaseOptions(worker=bundle),
    )
    runtime = Runtime.load(LocalRelease.open(on_package.directory), state_directory=cache.root)
    with Isolate(runtime, _options()) as isolate:
        assert isolate.evaluate("import sys; 'decimal' in sys.modules and 'worker' in sys.modules") is True


def test_a_load_takes_the_types_that_its_rules_allow() -> None:
    dedicated = LocalRelease.open(build_worker(_COUNTING).directory)
    baseline = releases.local_release()
    state = default_cache_root()
    assert Runtime.load(dedicated, state_directory=state, rules=TypeRules(dedicated=True))
    with pytest.raises(AbiMismatchError, match="expected dedicated, found baseline"):
        Runtime.load(baseline, state_directory=state, rules=TypeRules(dedicated=True))
    with pytest.raises(AbiMismatchError, match="does not ask for one"):
        Runtime.load(dedicated, state_directory=state, rules=TypeRules())


def test_garbage_of_the_top_level_is_no_part_of_the_snapshot() -> None:
    source = """
from dataclasses import dataclass

class Base:
    __slots__ = ()

@dataclass(slots=True)  # makes a second class and drops the first
class Item(Base):
    value: int = 0

def count():
    return len(Base.__subclasses__())
"""
    with Isolate(worker_runtime(source)) as isolate:
        assert isolate.evaluate("import worker; worker.count()") == 1
