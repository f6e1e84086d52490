"""Functions that a library imports weakly and somebody brings later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import FatalIsolateError, LinkError
from tests.support.side_modules import LinkingGuest, side_module

MakeGuest = Callable[..., LinkingGuest]
BRINGS = '(module (func (export "late") (result i32) (i32.const {0})))'
HIDDEN = "which no library has"


@pytest.fixture(name="make")
def make_guest(tmp_path: Path) -> MakeGuest:
    tmp_path.chmod(0o700)
    return lambda **files: LinkingGuest(tmp_path, {f"/lib/{name}.so": data for name, data in files.items()})


def user(**needs: object) -> bytes:
    """A library that calls a function that may be nowhere, and says what its address is."""
    return side_module(
        """(module (import "env" "late" (func $late (result i32))) (import "GOT.func" "late" (global $p (mut i32)))
          (func (export "run") (result i32) (call $late)) (func (export "pointer") (result i32) (global.get $p)))""",
        weak=["late"],
        **needs,
    )


def brings(value: int, **needs: object) -> bytes:
    return side_module(BRINGS.format(value), **needs)


def broken(*needed: str) -> bytes:
    """A library that cannot be loaded behind what it needs."""
    wat = '(module (import "env" "nobody_has_this" (func)))'
    return side_module(wat, needed=needed, paths=["$ORIGIN"])


def test_nobody_has_it(make: MakeGuest) -> None:
    guest = make(a=user())
    assert guest.call("/lib/a.so", "pointer") == 0
    with pytest.raises(FatalIsolateError, match=HIDDEN):
        guest.call("/lib/a.so", "run")


def test_a_global_library_brings_it_and_the_address_stays_null(make: MakeGuest) -> None:
    guest = make(a=user(), b=brings(7), c=brings(8))
    assert guest.call("/lib/a.so", "pointer") == 0
    guest.linker.open("/lib/b.so", is_global=True)
    guest.linker.open("/lib/c.so", is_global=True)
    assert [guest.call("/lib/a.so", name) for name in ("run", "pointer")] == [7, 0]


def test_a_local_library_brings_it_once_it_is_global(make: MakeGuest) -> None:
    guest = make(a=user(), b=brings(7), c=brings(9))
    guest.linker.open("/lib/a.so", is_global=False)
    guest.linker.open("/lib/c.so", is_global=False)
    guest.linker.open("/lib/b.so", is_global=False)
    guest.linker.open("/lib/b.so", is_global=True)
    assert guest.call("/lib/a.so", "run") == 7


def test_a_local_library_brings_it_to_nobody_else(make: MakeGuest) -> None:
    guest = make(a=user(), b=brings(7))
    guest.linker.open("/lib/a.so", is_global=False)
    guest.linker.open("/lib/b.so", is_global=False)
    with pytest.raises(FatalIsolateError, match=HIDDEN):
        guest.call("/lib/a.so", "run")


def test_what_needs_a_library_brings_it(make: MakeGuest) -> None:
    guest = make(a=user(), b=brings(5, needed=["a.so"], paths=["$ORIGIN"]))
    guest.linker.open("/lib/b.so", is_global=False)
    assert guest.call("/lib/a.so", "run") == 5


def test_exceptions_pass(make: MakeGuest) -> None:
    catcher = """(module (import "env" "__cpp_exception" (tag $e (param i32))) (import "env" "late" (func $late))
      (func (export "run") (result i32)
        (block $caught (result i32) (try_table (catch $e $caught) (call $late)) (i32.const 0))))"""
    thrower = """(module (import "env" "__cpp_exception" (tag $e (param i32)))
      (func (export "late") (throw $e (i32.const 11))))"""
    guest = make(a=side_module(catcher, weak=["late"]), b=side_module(thrower))
    guest.linker.open("/lib/a.so", is_global=False)
    guest.linker.open("/lib/b.so", is_global=True)
    assert guest.call("/lib/a.so", "run") == 11


def test_a_function_of_another_type_traps(make: MakeGuest) -> None:
    guest = make(a=user(), b=side_module('(module (func (export "late") (param i64)))'))
    guest.linker.open("/lib/a.so", is_global=False)
    guest.linker.open("/lib/b.so", is_global=True)
    with pytest.raises(FatalIsolateError, match="indirect call type mismatch"):
        guest.call("/lib/a.so", "run")


@pytest.mark.parametrize("before", [False, True], ids=["loaded by it", "made global by it"])
def test_a_request_that_fails_takes_it_back(make: MakeGuest, before: bool) -> None:
    files = {"a": user(), "b": brings(7), "c": broken("b.so"), "d": brings(9)}
    for brought, expected in (("d", 9), ("b", 7), (None, None)):
        guest = make(**files)
        guest.linker.open("/lib/a.so", is_global=False)
        if before:
            guest.linker.open("/lib/b.so", is_global=False)
        with pytest.raises(LinkError, match="nobody_has_this"):
            guest.linker.open("/lib/c.so", is_global=True)
        if brought is None:
            with pytest.raises(FatalIsolateError, match=HIDDEN):
                guest.call("/lib/a.so", "run")
        else:
            guest.linker.open(f"/lib/{brought}.so", is_global=True)
            assert guest.call("/lib/a.so", "run") == expected


def test_a_library_that_is_gone_waits_for_nothing(make: MakeGuest) -> None:
    guest = make(a=user(), b=broken("a.so"), c=brings(3))
    with pytest.raises(LinkError, match="nobody_has_this"):
        guest.linker.open("/lib/b.so", is_global=True)
    guest.linker.open("/lib/c.so", is_global=True)
    assert [item.name for item in guest.linker.libraries] == ["/lib/c.so"]
    assert guest.call("/lib/a.so", "run") == 3
