"""Typed arrays over a real guest's memory, and randomness from its entropy source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime_core.js.operators import call_method
from runtime_core.js.pybuffer import PyBufferView
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import JsObject
from schemas.errors import FatalIsolateError
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot


@pytest.fixture
def guest() -> Iterator[FfiGuest]:
    booted = FfiGuest()
    booted.run("import js\nfrom pyodide.ffi import create_proxy")
    yield booted
    booted.close()


def view_of(guest: FfiGuest, name: str, kind: str = "u8") -> PyBufferView:
    proxy = guest.js.get_global(name)
    assert isinstance(proxy, PyProxy)
    view = call_method(proxy, "getBuffer", (kind,))
    proxy.destroy()
    assert isinstance(view, PyBufferView)
    return view


def test_growth_detaches_views_and_a_new_one_works(guest: FfiGuest) -> None:
    assert guest.run(
        """
b = bytearray(b"abcd")
v = create_proxy(b).getBuffer()
d = v.data
size = d.buffer.byteLength
rest = []
while d.length:
    rest.append(bytearray(1 << 24))
w = create_proxy(b).getBuffer()
[size > 0, d.length, d.buffer.detached, w.data.to_bytes() == b"abcd", w.data.buffer.byteLength > size]
"""
    ) == [True, 0, True, True, True]


def test_a_view_of_freed_memory_cannot_leave_it(guest: FfiGuest) -> None:
    guest.run("b = bytearray(b'x' * 100000)")
    view = view_of(guest, "b")
    data = view.get("data")
    assert isinstance(data, JsObject)
    view.release()
    guest.run("del b\nimport gc\ngc.collect()\nNone")
    for index in (0, 99999, 100000, -1, 1 << 40):
        data.set(str(index), 7)
    # What was written to may be anybody's in the guest by now, but never the host's.
    assert data.get("length") == 100000


def test_a_closed_isolate_refuses_access() -> None:
    guest = FfiGuest()
    guest.run("b = bytearray(4)")
    data = view_of(guest, "b").get("data")
    assert isinstance(data, JsObject)
    guest.close()
    with pytest.raises(FatalIsolateError):
        data.get("0")


def test_a_view_that_is_not_released_keeps_the_buffer_exported(guest: FfiGuest) -> None:
    guest.run("b = bytearray(4)")
    view = view_of(guest, "b")
    assert guest.run("try:\n    b.append(1)\n    r = 'grown'\nexcept BufferError:\n    r = 'held'\nr") == "held"
    view.release()
    assert guest.run("b.append(1)\nlen(b)") == 5


def test_buffers_are_counted_over_calls(guest: FfiGuest) -> None:
    guest.run("kept = js.Array.new()")
    for _ in range(3):
        guest.run("kept.push(js.ArrayBuffer.new(1 << 28))")
    guest.run("kept.push(js.ArrayBuffer.new((1 << 28) - 4096))")
    source = "try:\n    js.ArrayBuffer.new(1 << 20)\n    r = ''\nexcept Exception as e:\n    r = str(e)\nr"
    assert guest.run(source) == "RangeError: Array buffer allocation failed"
    guest.run("kept.length = 0")
    assert guest.run("js.ArrayBuffer.new(1 << 28).byteLength") == 1 << 28


def test_randomness_comes_from_the_injected_source() -> None:
    from runtime_core.emscripten.entropy import FixedEntropy

    guest = FfiGuest()
    guest.js.emscripten.entropy = FixedEntropy(0x2B)
    guest.run("import js\nu = js.Uint8Array.new(3)\njs.crypto.getRandomValues(u)\nNone")
    assert guest.run("bytes(u.to_bytes())") == b"\x2b\x2b\x2b"
    assert guest.run("js.crypto.randomUUID()") == "2b2b2b2b-2b2b-4b2b-ab2b-2b2b2b2b2b2b"
    guest.close()


def test_dropped_buffers_are_freed_between_calls(guest: FfiGuest) -> None:
    for _ in range(40):
        guest.run("js.Uint8Array.new(1 << 26).subarray(1).length")
    assert guest.js.buffer_budget.held < 1 << 29


def test_many_views_of_one_buffer_cost_nothing(guest: FfiGuest) -> None:
    guest.run("u = js.Uint8Array.new(1 << 26)\nb = bytearray(1 << 20)\nv = create_proxy(b).getBuffer()")
    assert guest.run("sum(u.subarray(i).length + v.data.subarray(i).length > 0 for i in range(100))") == 100
    assert guest.run("v.release()\nlen(b)") == 1 << 20
