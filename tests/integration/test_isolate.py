"""Isolates of a real release: real CPython, restored copy-on-write."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.engine.stack import start_guest_thread
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from schemas.errors import EntrypointError, FatalIsolateError, HostError, LimitError, PythonError, UnserializableError
from tests.support import releases

pytestmark = pytest.mark.boot


class Output:
    """Collects what a guest writes."""

    def __init__(self) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()

    def options(self, limits: Limits | None = None, **modules: dict[str, object]) -> IsolateOptions:
        return IsolateOptions(
            limits=limits or Limits(), stdout=self.stdout.extend, stderr=self.stderr.extend, modules=modules
        )


@pytest.fixture
def output() -> Output:
    return Output()


@pytest.fixture
def isolate(output: Output) -> Iterator[Isolate]:
    with Isolate(releases.runtime(), output.options()) as booted:
        yield booted


def test_runs_cpython_of_the_release(isolate: Isolate, output: Output) -> None:
    isolate.run("import sys; print(sys.version_info[:2], sys.platform)")
    assert output.stdout == b"(3, 14) emscripten\n"


def test_output_without_a_newline_is_not_lost(output: Output) -> None:
    with Isolate(releases.runtime(), output.options()) as booted:
        booted.run("import sys\ndef f():\n    print('a', end='')\n    print('b', end='', file=sys.stderr)")
        booted.call("f")
    assert (bytes(output.stdout), bytes(output.stderr)) == (b"a", b"b")


def test_a_guest_with_broken_streams_can_be_closed(output: Output) -> None:
    with Isolate(releases.runtime(), output.options()) as booted:
        booted.run("import sys\nsys.stdout = 5\nsys.stderr = None")
    assert booted.state is IsolateState.CLOSED


def test_evaluates_to_the_last_expression(isolate: Isolate) -> None:
    assert isolate.evaluate("x = 20\nx * 2 + 2") == 42
    assert isolate.evaluate("x = 1") is None
    with pytest.raises(UnserializableError):
        isolate.evaluate("object()")


def test_boots_from_release_files() -> None:
    state = releases.built_directory().parent / "test-state"
    with Isolate.boot(releases.local_release(), state_directory=state) as booted:
        booted.run("def double(x): return 2 * x")
        assert booted.call("double", 21) == 42


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        2**40,
        2**80,
        -(2**100),
        1.5,
        float("inf"),
        "",
        "text",
        "é☃😀",
        b"\0bytes\xff",
        [1, [2, "three"]],
        {"a": 1, "b": {"c": [None]}},
        {1, 2, 3},
    ],
)
def test_values_cross_both_ways(isolate: Isolate, value: object) -> None:
    isolate.run("def echo(x): return x")
    assert isolate.call("echo", value) == value


def test_arguments_are_python_objects_in_the_guest(isolate: Isolate) -> None:
    isolate.run("def types(*args, **kw): return [type(a).__name__ for a in (*args, *kw.values())]")
    found = isolate.call("types", None, True, 1, 1.5, "s", b"b", [1], {"k": 1}, {1}, key=[2])
    assert found == ["NoneType", "bool", "int", "float", "str", "bytes", "list", "dict", "set", "list"]


def test_coroutines_are_awaited(isolate: Isolate) -> None:
    isolate.run(
        "import asyncio, json, re\n"
        "async def handle(n):\n"
        "    parts = await asyncio.gather(*(asyncio.sleep(0.001 * k, k) for k in range(n)))\n"
        "    return json.dumps({'sum': sum(parts), 'digits': re.findall(r'\\d', str(parts))})\n"
    )
    assert isolate.call("handle", 3) == '{"sum": 3, "digits": ["0", "1", "2"]}'


def test_host_modules_are_called_from_the_guest(output: Output) -> None:
    seen: list[object] = []

    def note(value: object) -> int:
        seen.append(value)
        return len(seen)

    with Isolate(releases.runtime(), output.options(host={"note": note, "limit": 7})) as booted:
        booted.run("import host\nfirst = host.note({'a': [1, 2]}) if False else host.note('x')\nlimit = host.limit")
        booted.run("def values(): return [first, limit]")
        assert booted.call("values") == [1, 7]
    assert seen == ["x"]


def test_a_host_functions_exception_reaches_the_guest(output: Output) -> None:
    def fail() -> None:
        raise LookupError("nothing there")

    with Isolate(releases.runtime(), output.options(host={"fail": fail})) as booted:
        booted.run(
            "import host\n"
            "def attempt():\n"
            "    try:\n"
            "        host.fail()\n"
            "    except Exception as error:\n"
            "        return str(error)\n"
        )
        assert "nothing there" in str(booted.call("attempt"))


def test_guest_exceptions_carry_type_message_and_traceback(isolate: Isolate) -> None:
    with pytest.raises(PythonError, match="boom") as caught:
        isolate.run("def f():\n    raise KeyError('boom')\nf()", filename="mine.py")
    assert caught.value.type_name == "KeyError"
    assert 'File "mine.py", line 2, in f' in caught.value.traceback
    isolate.run("x = 1")
    assert isolate.state is IsolateState.READY


def test_a_syntax_error_is_the_authors(isolate: Isolate) -> None:
    with pytest.raises(PythonError) as caught:
        isolate.run("def")
    assert caught.value.type_name == "SyntaxError"


def test_a_missing_function_is_named(isolate: Isolate) -> None:
    with pytest.raises(EntrypointError, match="absent"):
        isolate.call("absent")


def test_a_global_that_is_no_function_is_named(isolate: Isolate) -> None:
    isolate.run("value = 5\nthing = object()")
    for name in ("value", "thing"):
        with pytest.raises((EntrypointError, PythonError)):
            isolate.call(name)


def test_what_cannot_cross_is_named(isolate: Isolate) -> None:
    isolate.run("def make(): return object()")
    with pytest.raises(UnserializableError, match="object"):
        isolate.call("make")
    with pytest.raises(UnserializableError):
        isolate.call("make", object())


def test_isolates_share_nothing(output: Output) -> None:
    ready = releases.runtime()
    with Isolate(ready, output.options()) as one, Isolate(ready, output.options()) as two:
        one.run("secret = 41\nopen('/tmp/f', 'w').write('one')\nimport json; json.dumps = None")
        two.run("import os\ndef look(): return ['secret' in globals(), os.path.exists('/tmp/f')]")
        assert two.call("look") == [False, False]
        two.run("import json\ndef works(): return json.dumps([1])")
        assert two.call("works") == "[1]"


def test_random_state_differs_between_isolates(output: Output) -> None:
    source = (
        "import random, tempfile, uuid, secrets, os\n"
        "def draw(): return [random.random(), next(tempfile._get_candidate_names()), str(uuid.uuid4()),"
        " secrets.token_hex(8), os.urandom(8).hex()]\n"
    )
    drawn = []
    for _ in range(20):
        with Isolate(releases.runtime(), output.options()) as booted:
            booted.run(source)
            drawn.append(booted.call("draw"))
    for column in zip(*drawn, strict=True):
        assert len(set(column)) == 20


def test_memory_limit_is_a_memory_error_and_the_guest_lives(output: Output) -> None:
    limits = Limits(memory_bytes=64 << 20)
    with Isolate(releases.runtime(), output.options(limits)) as booted:
        with pytest.raises(PythonError) as caught:
            booted.run("x = bytearray(200 << 20)")
        assert caught.value.type_name == "MemoryError"
        booted.run("x = bytearray(1 << 20)")


def test_cpu_limit_kills_the_isolate(output: Output) -> None:
    with Isolate(releases.runtime(), output.options(Limits(cpu_seconds=0.3))) as booted:
        with pytest.raises(LimitError) as caught:
            booted.run("while True:\n    try:\n        while True: pass\n    except BaseException: pass")
        trap = caught.value.__cause__
        assert isinstance(trap, FatalIsolateError)
        assert trap.__cause__ is not caught.value, "no error is its own cause's cause"
        assert booted.state is IsolateState.DEAD
        with pytest.raises(HostError, match="dead"):
            booted.run("x = 1")


def test_wait_limit_ends_the_isolate(output: Output) -> None:
    with Isolate(releases.runtime(), output.options(Limits(wait_seconds=0.2))) as booted:
        booted.run("import asyncio\nasync def nap(seconds):\n    await asyncio.sleep(seconds)\n    return seconds")
        assert booted.call("nap", 0.01) == 0.01
        with pytest.raises(LimitError, match="waited too long"):
            booted.call("nap", 3600)
        assert booted.state is IsolateState.DEAD


def test_deep_recursion_is_an_error_not_a_crash(isolate: Isolate) -> None:
    with pytest.raises(PythonError) as caught:
        isolate.run("def f(n): return f(n + 1)\nf(0)")
    assert caught.value.type_name == "RecursionError"


def test_a_closed_isolate_says_so(output: Output) -> None:
    booted = Isolate(releases.runtime(), output.options())
    booted.close()
    booted.close()
    assert booted.state is IsolateState.CLOSED
    with pytest.raises(HostError, match="closed"):
        booted.run("x = 1")


def test_threads_run_isolates_side_by_side() -> None:
    ready = releases.runtime()
    results: dict[int, object] = {}
    barrier = threading.Barrier(4)

    def work(index: int) -> None:
        sink = Output()
        with Isolate(ready, sink.options()) as booted:
            barrier.wait(60)
            booted.run("def total(n): return sum(range(n))")
            results[index] = [booted.call("total", index * 1000 + step) for step in range(20)]

    threads = [start_guest_thread(work, index) for index in range(4)]
    for thread in threads:
        thread.join(120)
    expected = {index: [sum(range(index * 1000 + step)) for step in range(20)] for index in range(4)}
    assert results == expected


def test_many_isolates_come_and_go(output: Output) -> None:
    for index in range(60):
        with Isolate(releases.runtime(), output.options()) as booted:
            booted.run(f"x = {index}\ndef get(): return x")
            assert booted.call("get") == index


def test_file_system_is_the_guests_own(isolate: Isolate) -> None:
    isolate.run(
        "import os, tempfile, pathlib\n"
        "def files():\n"
        "    with tempfile.TemporaryDirectory() as d:\n"
        "        p = pathlib.Path(d) / 'a' / 'b.txt'\n"
        "        p.parent.mkdir()\n"
        "        p.write_text('hello')\n"
        "        return [p.read_text(), sorted(os.listdir('/')), os.getcwd()]\n"
    )
    text, top, _ = isolate.call("files")
    assert text == "hello"
    assert "work" not in top
    assert {"lib", "tmp", "dev"} <= set(top)
