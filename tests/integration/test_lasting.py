"""Objects of a snapshot that are never counted, and those that are."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_core.isolate import Isolate
from tests.support import releases

pytestmark = pytest.mark.boot

_PAGE = 4096
_MOST_PAGES = 60
"""What running one line may write; there were 165 when everything was counted, and 31 when this was written."""


@pytest.fixture(name="isolate")
def make_isolate() -> Iterator[Isolate]:
    with Isolate(releases.runtime()) as isolate:
        yield isolate


def _written(isolate: Isolate) -> int:
    """How many pages of the guest's memory are its own."""
    guest = isolate._guest
    assert guest is not None
    address, size = guest.instance._locate_memory()
    with Path("/proc/self/pagemap").open("rb") as file:
        file.seek(address // _PAGE * 8)
        entries = struct.unpack(f"<{size // _PAGE}Q", file.read(size // _PAGE * 8))
    return sum(entry >> 63 and not entry >> 61 & 1 for entry in entries)


def test_one_line_writes_to_few_pages(isolate: Isolate) -> None:
    before = _written(isolate)
    assert isolate.evaluate("1 + 1") == 2
    assert _written(isolate) - before <= _MOST_PAGES


@pytest.mark.parametrize(
    "value",
    ["json.dumps", "json.dumps.__code__", "json.JSONEncoder", "json", "json.__name__", "json.dumps.__code__.co_consts"],
)
def test_what_nobody_misses_is_not_counted(isolate: Isolate, value: str) -> None:
    assert isolate.evaluate(f"import sys, json\nsys.getrefcount({value}) > 1 << 29") is True


def test_the_collector_does_not_look_at_modules_of_the_snapshot(isolate: Isolate) -> None:
    assert isolate.evaluate("import gc, json\n[gc.is_tracked(json), gc.is_tracked([])]") == [False, True]


@pytest.mark.parametrize("value", ["sys.path", "sys.modules", "sys.stdout", "asyncio.get_event_loop()", "os.environ"])
def test_what_may_die_is_counted(isolate: Isolate, value: str) -> None:
    assert isolate.evaluate(f"import asyncio, os, sys\nsys.getrefcount({value}) < 1 << 20") is True


def test_new_objects_die(isolate: Isolate) -> None:
    source = """
import gc, weakref
class Item:
    def __del__(self):
        gone.append("item")
def work():
    return Item()
gone = []
watched = [weakref.ref(value, lambda ref: gone.append("watched")) for value in (Item, work)]
work()
del Item, work
gc.collect()
sorted(gone)
"""
    assert isolate.evaluate(source) == ["item", "watched", "watched"]


def test_lasting_things_may_be_replaced(isolate: Isolate) -> None:
    source = """
import gc, json, sys
json.dumps = lambda value: "mine"
text = json.dumps(1)
del json, sys.modules["json"]
gc.unfreeze()
gc.collect()
import json
[text, json.dumps([1])]
"""
    assert isolate.evaluate(source) == ["mine", "[1]"]
