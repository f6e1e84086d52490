"""Whatever is done with proxies of Python objects, the references end: with destroy(), with the call, or collected."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from runtime_core.js.pyproxy import PyProxy
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot

SETUP = """
import asyncio, gc, js, sys, hostmod
from pyodide.ffi import create_proxy, create_once_callable, destroy_proxies, to_js

class Marker:
    items = [1, [2], {"k": [3]}]
    def method(self, *args): return args
    def __iter__(self): return iter([[1], [2]])
    def __len__(self): return 2
    def __getitem__(self, key): return [key]
    def __del__(self): deleted.append(1)

class Steps:
    def __aiter__(self): return self.steps()
    async def steps(self):
        yield marker
        yield [1]

deleted = []
marker = Marker()
def options(**kwargs):
    result = js.Object.new()
    for name, value in kwargs.items(): setattr(result, name, value)
    return result
def fail(*args): raise ValueError("no")
def attempt(function, *args):
    try:
        return function(*args)
    except Exception:
        return None
async def work(value): return value
def iterator(value, symbol):
    proxy = create_proxy(value)
    return js.Reflect.apply(js.Reflect.get(proxy, symbol), proxy, js.Array.new())
"""

BODIES = {
    "destroyed": "create_proxy(marker).destroy()",
    "dropped": "create_proxy(marker)",
    "copied and dropped": "p = create_proxy(marker); p.copy(); p.copy().destroy()",
    "attributes": "p = create_proxy(marker); p.method(1); p.items; p.destroy()",
    "attributes of a dropped proxy": "p = create_proxy(marker); p.method(1); p.items; p.method(marker)",
    "bound": "p = create_proxy(marker.method); p.bind(None, create_proxy(marker))(marker); p.captureThis()(1)",
    "bound and destroyed": "p = create_proxy(marker.method); q = p.bind(None, marker); p.destroy(); attempt(q, 1)",
    "JSON adaptor": "p = create_proxy({'a': [marker]}).asJsJson(); js.Object.keys(p); js.Reflect.get(p, 'a')",
    "converted": "create_proxy([marker, {'a': marker}]).toJs()",
    "collected while converting": "a = js.Array.new(); to_js([marker, [marker]], pyproxies=a); destroy_proxies(a)",
    "not convertible": "attempt(lambda: to_js([marker], create_pyproxies=False))",
    "as an argument": "js.Array.of(marker, [marker]); hostmod.echo(marker)",
    "as an argument that fails": "attempt(js.Reflect.get, marker, marker)",
    "iterated": "js.Array.from_(create_proxy(marker))",
    "iterated in part": "it = iterator(marker, js.Symbol.iterator); it.next()",
    "sequence methods": "p = create_proxy([marker, [marker]]); p.slice(0); p.map(lambda *a: a[0]); p.splice(0, 1)",
    "sorted": "create_proxy([3, 1, 2]).sort(lambda a, b: a - b)",
    "called with errors": "attempt(js.Array.of(1).map, create_proxy(fail))",
    "once, called": "attempt(js.Array.of(1).forEach, create_once_callable(lambda *a, m=marker: m))",
    "once, destroyed": "create_once_callable(marker.method).destroy()",
    "once, dropped": "create_once_callable(marker.method)",
    "round trip": "p = create_proxy(marker, roundtrip=True); hostmod.echo(p); p.destroy()",
    "kept in an object": "o = js.Object.new(); o.m = create_proxy(marker); o.m = 1",
    "kept in a map": "m = js.Map.new(); m.set('m', create_proxy(marker)); m.clear()",
    "own properties": "p = create_proxy(marker); js.Reflect.set(p, js.Symbol.iterator, create_proxy(marker))",
    "awaited": "await js.Promise.resolve(create_proxy(marker)); await create_proxy(work(marker)).then(lambda v: v)",
    "rejected": "await create_proxy(work(marker)).then(fail).catch(lambda e: e)",
    "iterated asynchronously": "it = iterator(Steps(), js.Symbol.asyncIterator)\nfor _ in range(3): await it.next()",
    "iterated asynchronously in part": "it = iterator(Steps(), js.Symbol.asyncIterator)\nawait it.next()",
    "buffers": "create_proxy(bytearray(4)).getBuffer().release(); create_proxy(bytearray(4)).getBuffer()",
    "relaxed": "create_proxy(lambda a: a, roundtrip=False).callRelaxed(marker, marker)",
    "promising": "await create_proxy(lambda a: a).callPromising(marker)",
}


@pytest.fixture
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest({"hostmod": {"echo": lambda value: value}})
    booted.run(SETUP)
    yield booted
    booted.close()


def _settle(guest: FfiGuest) -> tuple[object, ...]:
    gc.collect()
    guest.settle()
    gc.collect()
    guest.settle()
    count = guest.run("sys.getrefcount(marker), len(deleted), len(asyncio.all_tasks(asyncio.get_event_loop()))")
    return guest.references(), len(guest.js.refs), count


@pytest.mark.parametrize("name", BODIES)
def test_nothing_is_left_of_proxies(guest: FfiGuest, name: str) -> None:
    indented = BODIES[name].replace("\n", "\n    ")
    guest.run(f"async def once():\n    {indented}\nasync def many():\n    for _ in range(10): await once()")
    many = guest.js.get_global("many")
    assert isinstance(many, PyProxy)
    guest.js.call(many)
    before = _settle(guest)
    guest.js.call(many)
    assert _settle(guest) == before
    assert not guest.js.releases
    assert not guest.js.buffer_releases


def test_objects_that_only_proxies_held_are_freed(guest: FfiGuest) -> None:
    guest.run("for _ in range(5): create_proxy(Marker())\nfor _ in range(5): create_proxy(Marker()).destroy()")
    _settle(guest)
    assert guest.run("len(deleted)") == 10
