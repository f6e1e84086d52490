"""Every access to guest memory is checked."""

from __future__ import annotations

from typing import Any

import pytest

from runtime_core.engine.instance import GuestInstance
from schemas.errors import GuestFault

PAGE = 65536


@pytest.mark.parametrize(
    ("address", "length", "reason"),
    [
        (PAGE, 1, "first byte behind the end"),
        (PAGE - 1, 2, "across the end"),
        (-1, 1, "top of the address space"),
        (0xFFFFFFFF, 0xFFFFFFFF, "sum beyond 32 bits"),
        (0, PAGE + 1, "longer than the memory"),
        (0, 1 << 40, "absurd length"),
        (0, -1, "negative length"),
        (10, -5, "negative length inside"),
    ],
)
def test_ranges_outside_are_faults(guest: GuestInstance, address: int, length: int, reason: str) -> None:
    memory = guest.memory
    with pytest.raises(GuestFault):
        memory.read(address, length)
    with pytest.raises(GuestFault):
        memory.view(address, length)
    with pytest.raises(GuestFault):
        memory.fill(address, length)
    assert not memory.contains(address, length), reason


def test_ranges_inside(guest: GuestInstance) -> None:
    memory = guest.memory
    assert memory.contains(0, PAGE)
    assert not memory.contains(PAGE, 4)
    assert guest.grow_memory(1)
    assert memory.contains(PAGE, 4), "memory that grew since is seen"


@pytest.mark.parametrize(
    ("kind", "width"),
    [
        ("u8", 1),
        ("u16", 2),
        ("u32", 4),
        ("i32", 4),
        ("u64", 8),
        ("i64", 8),
        ("f64", 8),
    ],
)
def test_numbers_at_the_end(guest: GuestInstance, kind: str, width: int) -> None:
    read = getattr(guest.memory, f"read_{kind}")
    write = getattr(guest.memory, f"write_{kind}")
    write(PAGE - width, 1)
    assert read(PAGE - width) == 1
    assert read((1 << 32) + PAGE - width) == 1  # addresses are reduced to 32 bits
    for address in (PAGE - width + 1, PAGE, -width, 0xFFFFFFFF):
        with pytest.raises(GuestFault):
            read(address)
        with pytest.raises(GuestFault):
            write(address, 1)


@pytest.mark.parametrize(
    ("kind", "stored", "found"),
    [
        ("u8", -1, 255),
        ("u16", -1, 0xFFFF),
        ("u32", -1, 0xFFFFFFFF),
        ("i32", 0xFFFFFFFF, -1),
        ("u32", 1 << 32, 0),
        ("u64", -1, (1 << 64) - 1),
        ("i64", 1 << 63, -(1 << 63)),
        ("f64", 0.1, 0.1),
    ],
)
def test_numbers_wrap_to_their_width(guest: GuestInstance, kind: str, stored: Any, found: Any) -> None:
    getattr(guest.memory, f"write_{kind}")(3, stored)  # also unaligned
    assert getattr(guest.memory, f"read_{kind}")(3) == found


def test_strings(guest: GuestInstance) -> None:
    memory = guest.memory
    assert memory.read_cstring(16) == b"hello"
    assert memory.read_cstring(16, limit=5) == b"hello"
    with pytest.raises(GuestFault, match="without an end"):
        memory.read_cstring(16, limit=4)
    long = b"x" * 5000
    memory.write(1000, long + b"\0")
    assert memory.read_cstring(1000) == long
    memory.fill(PAGE - 300, 300, 0x41)
    with pytest.raises(GuestFault, match="without an end"):
        memory.read_cstring(PAGE - 300)
    with pytest.raises(GuestFault):
        memory.read_cstring(PAGE)
    memory.write_u8(PAGE - 1, 0)
    assert memory.read_cstring(PAGE - 1) == b""


def test_arrays(guest: GuestInstance) -> None:
    memory = guest.memory
    memory.write_u32s(100, [1, -1, 1 << 32])
    assert memory.read_u32s(100, 3) == (1, 0xFFFFFFFF, 0)
    assert memory.read_u32s(PAGE, 0) == ()
    with pytest.raises(GuestFault):
        memory.read_u32s(PAGE - 4, 2)
    with pytest.raises(GuestFault):
        memory.read_u32s(0, -1)
    with pytest.raises(GuestFault):
        memory.write_u32s(PAGE - 4, [1, 2])


@pytest.mark.parametrize("data", [b"abcd", bytearray(b"abcd"), memoryview(b"abcd"), memoryview(b"abcd").cast("i")])
def test_write_takes_any_bytes(guest: GuestInstance, data: Any) -> None:
    guest.memory.write(200, data)
    assert guest.memory.read(200, 4) == b"abcd"
    with pytest.raises(GuestFault):
        guest.memory.write(PAGE - 3, data)


def test_growth_is_seen_whoever_causes_it(guest: GuestInstance) -> None:
    memory = guest.memory
    assert memory.size == PAGE
    assert guest.grow_memory(1)
    memory.write_u32(PAGE, 5)
    assert guest.call("grow", 1) == 2
    memory.write_u32(2 * PAGE, 6)
    assert memory.size == 3 * PAGE
    assert memory.read_u32(PAGE) == 5
    assert not guest.grow_memory(2)  # beyond the maximum
    assert not guest.grow_memory(-1)
    assert not guest.grow_memory(1 << 40)
    assert memory.size == 3 * PAGE


def test_views_write_through(guest: GuestInstance) -> None:
    view = guest.memory.view(300, 4)
    view[:] = b"wxyz"
    assert guest.memory.read(300, 4) == b"wxyz"
