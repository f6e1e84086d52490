"""How objects of the guest end, and what a hostile guest makes of them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.engine.stack import start_guest_thread
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from schemas.errors import EntrypointError, HostError, LimitError, PythonError, UnserializableError
from tests.support import releases
from tests.support.guest_objects import boot

pytestmark = pytest.mark.boot


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    with boot() as booted:
        yield booted


def test_objects_end_with_their_isolate() -> None:
    with Isolate(releases.runtime()) as isolate:
        held = isolate.new([1])
        items = iter(held)
    for act in (lambda: len(held), lambda: held.copy(), lambda: next(items), lambda: held.to_python()):
        with pytest.raises(HostError, match="closed"):
            act()
    assert held.closed
    held.close()


def test_objects_end_with_a_dead_isolate() -> None:
    isolate = Isolate(releases.runtime(), IsolateOptions(limits=Limits(cpu_seconds=0.2)))
    held = isolate.evaluate("class Endless:\n def __len__(self):\n  while True: pass\nEndless()", keep=True)
    with pytest.raises(LimitError):
        len(held)
    assert isolate.state is IsolateState.DEAD
    with pytest.raises(HostError, match="dead"):
        len(held)
    held.close()


def test_objects_of_another_isolate_are_refused(isolate: Isolate) -> None:
    with Isolate(releases.runtime()) as other:
        stranger = other.new([1])
        shared = isolate.get("shared")
        for act in (
            lambda: shared.call_method("append", stranger),
            lambda: isolate.set("stranger", stranger),
            lambda: isolate.new([stranger]),
            lambda: shared.equals(stranger),
            lambda: isolate.call("count", stranger),
        ):
            with pytest.raises(HostError, match="another"):
                act()
        assert shared != stranger


def test_another_thread_is_refused_while_the_guest_runs(isolate: Isolate) -> None:
    shared = isolate.get("shared")
    inside, leave = threading.Event(), threading.Event()
    problems: list[BaseException] = []

    def wait() -> None:
        inside.set()
        leave.wait(10)

    def use() -> None:
        inside.wait(10)
        try:
            len(shared)
        except HostError as error:
            problems.append(error)
        finally:
            leave.set()

    isolate.set("wait", wait)
    thread = start_guest_thread(use)
    isolate.run("wait()")
    thread.join(10)
    assert [str(problem).startswith("another thread") for problem in problems] == [True]


def test_closed_objects_are_refused(isolate: Isolate) -> None:
    held = isolate.get("shared")
    held.close()
    held.close()
    for act in (lambda: held[0], lambda: str(held), lambda: isolate.set("x", held), lambda: isolate.new([held])):
        with pytest.raises(HostError, match="closed"):
            act()


def test_missing_names(isolate: Isolate) -> None:
    with pytest.raises(EntrypointError):
        isolate.get("missing")
    with pytest.raises(PythonError, match="No module named"):
        isolate.import_module("missing_module")


# ---- hostile guests


def test_hostile_answers(isolate: Isolate) -> None:
    isolate.run(
        "class Liar:\n"
        "  def __len__(self): return 2**31 - 1\n"
        "  def __iter__(self): return iter(())\n"
        "  def __str__(self): return 5\n"
        "  def __getattr__(self, name): raise SystemError(name)\n"
        "  def __class_getitem__(cls, key): return key\n"
        "class frozenset:\n"
        "  def __iter__(self): return iter([[]])\n"
    )
    liar = isolate.get("Liar")()
    assert len(liar) == 2**31 - 1
    assert [*iter(liar)] == []
    with pytest.raises(PythonError, match="__str__ returned non-string"):
        str(liar)
    with pytest.raises(PythonError) as caught:
        liar.get_attribute("x", None)
    assert caught.value.type_name == "SystemError"
    with pytest.raises(UnserializableError):
        isolate.get("frozenset")().to_python()
    isolate.run("import json; json.dumps = lambda *a, **k: 5")
    with pytest.raises(UnserializableError):
        isolate.new([]).to_json()


def test_a_buffer_outside_of_the_memory_is_refused(isolate: Isolate) -> None:
    outside = isolate.evaluate("import ctypes\n(ctypes.c_char * 2**30).from_address(2**31)", keep=True)
    with pytest.raises(PythonError, match="cannot be"):
        outside.get_buffer()
    beyond = isolate.evaluate("(ctypes.c_char * 16).from_address(2**32 - 32)", keep=True)
    with beyond.get_buffer() as buffer, pytest.raises(HostError, match="does not exist"):
        buffer.tobytes()


# ---- nothing is left behind


def test_references_are_given_back(isolate: Isolate) -> None:
    assert isolate._guest is not None
    js = isolate._guest.js
    count = isolate.get("count")
    shared = isolate.get("shared")
    thing = isolate.get("thing")

    def once() -> None:
        with isolate.get("shared") as held:
            held.copy().close()
            list(held)
            held[0:1]
            held.get_attribute("append")
            held.call_method("index", "shared")
            held == shared  # noqa: B015
            held.equals(["x"])
            held.to_python(depth=1)
        thing.get_attribute("items").to_python(keep=True)
        thing.call_method("method", shared, [shared], key=shared)
        iter(isolate.get("generate")(3)).__next__()
        isolate.get("later")(shared).wait()
        with pytest.raises(PythonError):
            isolate.get("fail")()
        isolate.evaluate("b'abc'", keep=True).get_buffer().tobytes()
        isolate.new(lambda: None)()
        isolate.get("later")(1).wait()

    def settle() -> tuple[int, int, int]:
        gc.collect()
        isolate.run("import gc, sys; sys.last_exc = None; gc.collect()")
        js.collect()
        isolate.run("gc.collect()")
        js.collect()
        return count(shared), len(js.refs), int(js.guest.hiwire_num_refs())

    for _ in range(3):
        once()
    before = settle()
    for _ in range(10):
        once()
    assert settle() == before
    assert not js.releases
    assert not js.buffer_releases
