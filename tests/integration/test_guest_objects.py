"""Objects of the guest in the hands of the host: what they do."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime_core.isolate import Isolate
from runtime_core.objects import GuestObject
from schemas.errors import HostError, PythonError, UnserializableError
from tests.support.guest_objects import boot

pytestmark = pytest.mark.boot


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    with boot() as booted:
        yield booted


@pytest.mark.parametrize("value", [None, True, 0, -7, 2**40, 2**70, 1.5, 2.0, "text", "\U0001f40d", ""])
def test_scalars_arrive_as_they_are(isolate: Isolate, value: object) -> None:
    isolate.set("value", value)
    for found in (
        isolate.get("value"),
        isolate.evaluate("value", keep=True),
        isolate.get("Thing")().call_method("method", value)[0][0],
    ):
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize("source", ["[]", "()", "{}", "set()", "b'ab'", "1j", "object()", "len", "Thing", "range(3)"])
def test_everything_else_stays_in_the_guest(isolate: Isolate, source: str) -> None:
    with isolate.evaluate(source, keep=True) as found:
        assert isinstance(found, GuestObject)
        assert repr(found).startswith("<GuestObject 0x")
    assert repr(found) == "<GuestObject closed>"


def test_javascript_values_are_objects_of_the_guest(isolate: Isolate) -> None:
    array = isolate.evaluate("import js; js.Array.of(1, 2)", keep=True)
    assert array.type_name == "pyodide.ffi.JsProxy"
    assert list(array) == [1, 2]
    promise = isolate.evaluate("js.Promise.resolve(5)", keep=True)
    assert promise.wait() == 5


def test_attributes(isolate: Isolate) -> None:
    thing = isolate.get("thing")
    assert thing.get_attribute("kind") == "thing"
    assert thing.get_attribute("missing", 5) == 5
    with pytest.raises(PythonError, match="no attribute 'missing'") as caught:
        thing.get_attribute("missing")
    assert caught.value.type_name == "AttributeError"
    thing.set_attribute("kind", ["new"])
    assert isolate.evaluate("thing.kind") == ["new"]
    assert thing.has_attribute("kind")
    thing.delete_attribute("kind")
    assert thing.get_attribute("kind") == "thing"
    assert not thing.has_attribute("other")
    assert {"items", "kind", "method"} <= set(thing.attribute_names())


def test_text_and_type(isolate: Isolate) -> None:
    thing = isolate.get("thing")
    assert (str(thing), thing.represent(), thing.type_name) == ("thing!", "<a thing>", "Thing")


def test_items(isolate: Isolate) -> None:
    mapping = isolate.get("mapping")
    assert mapping["a"] == 1
    assert mapping[(1, 2)].to_python() == [3]
    assert mapping.get("zz") is None
    assert mapping.get("zz", 7) == 7
    with pytest.raises(PythonError) as caught:
        mapping["zz"]
    assert caught.value.type_name == "KeyError"
    mapping["new"] = {"deep": [1]}
    del mapping["a"]
    assert isolate.evaluate("mapping['new']") == {"deep": [1]}
    assert "a" not in mapping
    assert len(mapping) == 3
    items = isolate.get("thing").get_attribute("items")
    assert items[-1]["k"] == 3.0
    assert items[:2].to_python() == [1, [2]]
    items[0:1] = ["first", "second"]
    assert len(items) == 4
    assert items.get(99) is None


def test_calls(isolate: Isolate) -> None:
    method = isolate.get("thing").get_attribute("method")
    shared = isolate.get("shared")
    args, kwargs = method(1, [2, (3,)], shared, key=shared, other=None)
    assert args.to_python() == [1, [2, [3]], ["shared"]]
    assert args[2] == shared
    assert kwargs["key"] == shared
    with pytest.raises(PythonError, match="failed"):
        isolate.get("fail")()
    with pytest.raises(UnserializableError):
        method(object())
    with pytest.raises(TypeError, match="no method"):
        isolate.get("thing").call_method("kind")


def test_callables_of_the_host(isolate: Isolate) -> None:
    seen: list[object] = []
    builtins = isolate.import_module("builtins")
    assert builtins.call_method("sorted", [3, 1, 2], key=lambda number: -number).to_python() == [3, 2, 1]
    builtins.call_method("list", builtins.call_method("map", seen.append, [1, [2]]))
    assert seen == [1, [2]]

    def refuse(_value: object) -> None:
        raise ValueError("the host says no")

    isolate.set("refuse", refuse)
    with pytest.raises(PythonError, match="the host says no"):
        isolate.run("refuse(1)")


def test_lent_objects_end_with_the_call(isolate: Isolate) -> None:
    lent: list[GuestObject] = []
    kept: list[GuestObject] = []

    def take(value: GuestObject) -> object:
        lent.append(value)
        kept.append(value.copy())
        return value

    isolate.set("take", take)
    assert isolate.evaluate("take(thing) is thing") is True
    assert lent[0].closed
    assert str(kept[0]) == "thing!"
    with pytest.raises(HostError, match="closed"):
        str(lent[0])


def test_identity_and_equality(isolate: Isolate) -> None:
    thing, again, shared = isolate.get("thing"), isolate.get("thing"), isolate.get("shared")
    assert thing == again
    assert hash(thing) == hash(again)
    assert len({thing, again, shared}) == 2
    assert thing != shared
    assert thing != 5
    assert thing.equals(5)
    assert shared.equals(["shared"])
    assert not shared.equals([])
    again.close()
    assert thing != again


def test_set_operators(isolate: Isolate) -> None:
    numbers = isolate.get("numbers")
    assert (numbers | {9}).to_python() == {1, 2, 3, 9}
    assert (numbers & {2, 5}).to_python() == {2}
    assert (numbers - {2}).to_python() == {1, 3}
    assert (numbers ^ {3, 4}).to_python() == {1, 2, 4}
    assert ({8, 1} - numbers).to_python() == {8}
    assert ({8} | numbers).to_python() == {1, 2, 3, 8}
    assert ({8, 1} & numbers).to_python() == {1}
    assert ({8, 1} ^ numbers).to_python() == {2, 3, 8}
    assert numbers <= {1, 2, 3}
    assert not numbers < {1, 2, 3}
    assert numbers > {1}
    assert numbers >= isolate.get("numbers")
    with pytest.raises(PythonError, match="unsupported operand"):
        numbers | 5


def test_truth(isolate: Isolate) -> None:
    assert not isolate.new([])
    assert isolate.new([0])
    with pytest.raises(PythonError, match="undecided"):
        bool(isolate.evaluate("class T:\n def __bool__(self): raise ValueError('undecided')\nT()", keep=True))


def test_iteration(isolate: Isolate) -> None:
    assert [item.to_python() for item in isolate.get("generate")(3)] == [[0], [1], [2]]
    assert sorted(isolate.get("numbers")) == [1, 2, 3]
    assert [(key if isinstance(key, str | int) else "tuple") for key in isolate.get("mapping")] == ["a", "tuple", 4]
    endless = isolate.evaluate("import itertools; itertools.count()", keep=True)
    assert list(itertools.islice(endless, 3)) == [0, 1, 2]
    numbers = iter(isolate.get("generate")(5))
    next(numbers)
    numbers.close()
    assert list(numbers) == []


def test_a_guest_that_changes_what_is_iterated(isolate: Isolate) -> None:
    mapping = isolate.get("mapping")
    keys = iter(mapping)
    next(keys)
    mapping["added"] = 1
    with pytest.raises(PythonError, match="changed size"):
        next(keys)


def test_a_guest_that_calls_back_while_the_host_iterates(isolate: Isolate) -> None:
    nested: list[object] = []

    def visit(number: int) -> int:
        items = isolate.get("shared")
        nested.append([len(items), *items])
        return number * 10

    isolate.set("visit", visit)
    isolate.run("def visited():\n    for n in range(3): yield visit(n)")
    assert list(isolate.get("visited")()) == [0, 10, 20]
    assert nested == [[1, "shared"]] * 3


def test_a_guest_that_closes_the_iterator_it_runs_in(isolate: Isolate) -> None:
    running: list[Any] = []
    isolate.set("stop", lambda: running[0].close())
    isolate.run("def stopped():\n    yield 1\n    stop()\n    yield 2")
    running.append(iter(isolate.get("stopped")()))
    assert list(running[0]) == [1, 2]


def test_an_error_in_the_middle_of_an_iteration(isolate: Isolate) -> None:
    isolate.run("def broken():\n    yield 1\n    raise KeyError('middle')")
    items = iter(isolate.get("broken")())
    assert next(items) == 1
    with pytest.raises(PythonError, match="middle"):
        next(items)
    assert list(items) == []


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (len, "no length"),
        (iter, "no iterator"),
        (lambda found: found[0], "no items"),
        (lambda found: found(), "not callable"),
        (lambda found: found.wait(), "not awaitable"),
        (lambda found: found.get_buffer(), "no buffer"),
        (lambda found: found.__aiter__(), "no asynchronous iterator"),
        (pickle.dumps, "not picklable"),
        (copy.deepcopy, "no deep copy"),
    ],
)
def test_what_an_object_does_not_support_is_a_type_error(
    isolate: Isolate, act: Callable[[Any], object], reason: str
) -> None:
    with pytest.raises(TypeError):
        act(isolate.get("thing"))


def test_copies(isolate: Isolate) -> None:
    items = isolate.get("thing").get_attribute("items")
    assert items.to_python() == [1, [2], {"k": 3.0}]
    shallow = items.to_python(depth=1)
    assert shallow[0] == 1
    assert isinstance(shallow[1], GuestObject)
    assert shallow[2]["k"] == 3.0
    with pytest.raises(UnserializableError, match="Thing"):
        isolate.evaluate("[thing]", keep=True).to_python()
    kept = isolate.evaluate("[thing, 1]", keep=True).to_python(keep=True)
    assert kept == [isolate.get("thing"), 1]
    assert isolate.get("thing").to_python(keep=True) == isolate.get("thing")
    assert isolate.new({"a": [1, None]}).to_json(sort_keys=True) == '{"a": [1, null]}'
    with isolate.get("thing") as thing:
        other = copy.copy(thing)
    assert str(other) == "thing!"


# ---- waiting


def test_buffers(isolate: Isolate) -> None:
    isolate.run("grid = memoryview(bytearray(range(12))).cast('B', (3, 4))\nvalues = array.array('l', [1, -2])")
    with isolate.get("values").get_buffer() as buffer:
        assert (buffer.format, buffer.itemsize, buffer.shape, buffer.nbytes) == ("l", 4, (2,), 8)
        assert buffer.to_memoryview().tolist() == [1, -2]
        buffer.write(b"\x05\0\0\0", 4)
        with pytest.raises(PythonError, match="resize"):
            isolate.run("values.append(1)")
        for offset, size in ((-1, 1), (0, 9), (8, 1), (2, -1)):
            with pytest.raises(ValueError, match="not inside"):
                buffer.read(offset, size)
        with pytest.raises(ValueError, match="not inside"):
            buffer.write(b"12345", 4)
    isolate.run("values.append(7)")
    assert isolate.evaluate("values.tolist()") == [1, 5, 7]
    with pytest.raises(HostError, match="released"):
        buffer.tobytes()
    with isolate.evaluate("grid[::2]", keep=True).get_buffer() as strided:
        assert strided.strides == (8, 1)
        assert strided.tobytes() == bytes([0, 1, 2, 3, 8, 9, 10, 11])
        assert strided.read(4, 2) == b"\x08\x09"
        with pytest.raises(ValueError, match="gaps"):
            strided.write(b"x")
    with isolate.evaluate("b'ab'", keep=True).get_buffer() as constant, pytest.raises(TypeError, match="read-only"):
        constant.write(b"x")


def test_a_collected_buffer_is_released(isolate: Isolate) -> None:
    isolate.run("values = array.array('b', [1])")
    isolate.get("values").get_buffer()
    gc.collect()
    isolate.run("pass")
    isolate.run("values.append(2)")


# ---- the end
