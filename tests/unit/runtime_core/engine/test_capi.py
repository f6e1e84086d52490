"""Contract with exactly one version of wasmtime's C API: fails loudly when the package is upgraded."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime._bindings as upstream

from runtime_core.engine import capi
from runtime_core.engine.instance import GuestInstance
from schemas.errors import HostError
from tests.support.guests import Guests, host_of


def test_the_installed_version_is_the_pinned_one() -> None:
    assert importlib.metadata.version("wasmtime") == capi.WASMTIME_VERSION


@pytest.mark.parametrize("found", ["50.0.0", "51.0.0", "50.0.1.post1"])
def test_another_version_is_refused(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: found)
    with pytest.raises(HostError, match=re.escape(f"expected wasmtime 50.0.1, found {found}")):
        capi.library_path()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(HostError, match=r"pip install wasmtime==50\.0\.1"):
        capi.library_path()


def test_a_library_without_a_function_is_refused() -> None:
    with pytest.raises(HostError, match="has no function wasmtime_"):
        capi.CApi(Path(ctypes.util.find_library("c") or "libc.so.6"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (capi.ByteVec, upstream.wasm_byte_vec_t),
        (capi.Extern, upstream.wasmtime_extern_t),
        (capi.Value, upstream.wasmtime_val_t),
        (capi.Instance, upstream.wasmtime_instance_t),
    ],
)
def test_structures_have_upstream_s_layout(ours: type[ctypes.Structure], theirs: type[ctypes.Structure]) -> None:
    assert ctypes.sizeof(ours) == ctypes.sizeof(theirs)
    assert ctypes.alignment(ours) == ctypes.alignment(theirs)
    if hasattr(ours, "item"):
        assert ours.item.offset == capi.ITEM_OFFSET == theirs.of.offset
        assert ours.kind.offset == theirs.kind.offset


def test_raw_values_have_upstream_s_size() -> None:
    assert ctypes.sizeof(upstream.wasmtime_val_raw_t) == capi.RAW_VALUE_BYTES


def test_every_prototype_is_upstream_s() -> None:
    wrong = []
    for name, (result, arguments) in {**capi._UNLOCKED, **capi._LOCKED}.items():
        theirs = getattr(upstream, f"_{name}")
        same = len(arguments) == len(theirs.argtypes) and all(
            ctypes.sizeof(a) == ctypes.sizeof(b) for a, b in zip(arguments, theirs.argtypes, strict=True)
        )
        same = same and (result is None) == (theirs.restype is None)
        if result is not None:
            same = same and ctypes.sizeof(result) == ctypes.sizeof(theirs.restype)
        if not same:
            wrong.append(name)
    assert not wrong


def test_engine_use_does_not_import_upstream_s_python_code() -> None:
    code = "import sys; from runtime_core.engine.engine import Engine; Engine(); sys.exit('wasmtime' in sys.modules)"
    root = Path(__file__).parents[4]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


I31_WAT = """
(module
  (import "snapshot" "memory" (memory 1))
  (import "env" "give" (func $give (param i32) (result externref)))
  (func (export "payload") (param i32) (result i32)
    (i31.get_u (ref.cast (ref i31) (any.convert_extern (call $give (local.get 0))))))
  (func (export "is_i31") (param externref) (result i32)
    (ref.test (ref i31) (any.convert_extern (local.get 0))))
  (func (export "make") (param i32) (result externref) (extern.convert_any (ref.i31 (local.get 0))))
  (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0))))
"""


class RawBits:
    """Passes raw bits through as integers."""

    def decode(self, raw: int) -> object:
        return raw

    def encode(self, value: object) -> int:
        assert isinstance(value, int)
        return value


def test_raw_externref_bits_are_i31_payloads(guests: Guests) -> None:
    """The encoding behind every host handle: raw bits = payload << 1 | 1, 0 = null."""
    from runtime_core.engine.hostcall import HostImport

    module = guests.engine.load(capi.wat_to_wasm(I31_WAT), guests.cache)
    give = HostImport(module="env", name="give", component="", function=lambda host, bits: bits)
    with guests.engine.link(module, [give]).instantiate(guests.memory) as instance:
        from tests.support.guests import Host

        host = Host(instance)
        host.refs = RawBits()
        instance.bind(host)
        for payload in (0, 1, 5, 1 << 20, (1 << 31) - 1):
            raw = payload << 1 | 1
            assert instance.call("payload", raw) & 0xFFFFFFFF == payload
            assert instance.call("make", payload) == raw
            assert instance.call("is_i31", raw) == 1
        assert instance.call("is_null", 0) == 1
        assert instance.call("is_null", 1) == 0


def test_a_trap_made_by_the_host_has_no_code(guest: GuestInstance) -> None:
    api = capi.load()
    text, code = api.take_trap(api.wasmtime_trap_new(b"reason", 6))
    assert (text, code) == ("reason", None)
    assert api.take_error(api.wasmtime_error_new(b"other")) == "other"


def test_text_that_does_not_parse_is_an_error() -> None:
    with pytest.raises(HostError, match="cannot assemble"):
        capi.wat_to_wasm("(module (nonsense))")


def test_unbound_functions_are_named() -> None:
    with pytest.raises(AttributeError, match="wasmtime_nothing is not bound"):
        _ = capi.load().wasmtime_nothing


def test_host_of_is_the_bound_host(guest: GuestInstance) -> None:
    assert host_of(guest).instance is guest
