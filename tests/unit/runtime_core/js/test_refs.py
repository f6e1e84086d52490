"""Handles: encoding, decoding, hostile bits, sweeping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_core.js.arrays import JsArray
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.promises import JsPromise
from runtime_core.js.refs import LARGE_BYTES, MAX_HANDLES, MAX_LARGE_BYTES, SWEEP_BYTES, RefTable
from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED, BigInt, JsObject
from schemas.errors import GuestFault, LimitError


@pytest.mark.parametrize(
    ("value", "raw"),
    [(None, 0), (UNDEFINED, 3), (True, 5), (False, 7), (NO_VALUE, 9), (ERROR, 15), (0, 1), (1, 17), (-1, 0xFFFFFFF1)],
)
def test_constants_and_small_integers_need_no_entry(value: object, raw: int) -> None:
    refs = RefTable()
    assert refs.encode(value) == raw
    assert refs.decode(raw) is value or refs.decode(raw) == value
    assert len(refs) == 0


@pytest.mark.parametrize("value", [(1 << 27) - 1, -(1 << 27)])
def test_the_largest_small_integers(value: int) -> None:
    refs = RefTable()
    assert refs.decode(refs.encode(value)) == value
    assert len(refs) == 0


@pytest.mark.parametrize(
    ("value", "tag"),
    [(1 << 27, 3), (-(1 << 27) - 1, 3), (2**52, 3), (1.5, 3), ("text", 3), (BigInt(1), 3), (JsObject(), 11)],
)
def test_other_values_get_a_handle_that_says_whether_they_are_objects(value: object, tag: int) -> None:
    refs = RefTable()
    refs.register_primitive_type(BigInt)
    raw = refs.encode(value)
    assert raw & 15 == tag
    assert raw != 3
    assert refs.decode(raw) is value
    assert len(refs) == 1


def test_promises_have_handles_of_their_own_kind() -> None:
    refs = RefTable()
    refs.register_proxy_type(JsPromise)
    promise = JsPromise(EventLoop())
    raw = refs.encode(promise)
    assert raw & 15 == 13
    assert refs.decode(raw) is promise


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (2, "a real garbage-collected reference"),
        (0x1000, "a real garbage-collected reference"),
        (19, "undefined with bits above the kind"),
        (0xFFFFFFFF, "the error sentinel with bits above the kind"),
        (11, "a handle in an empty table"),
        (13, "a proxy handle in an empty table"),
        (0xFFFFFFFB, "a handle far outside of the table"),
        (1 << 31 | 11, "an array of the guest, where there are none"),
        (1 << 31 | 13, "a proxy among the arrays of the guest"),
        (0xFFFFFFF3, "a primitive far outside of the table"),
    ],
)
def test_hostile_bits_are_faults(raw: int, reason: str) -> None:
    with pytest.raises(GuestFault):
        RefTable().decode(raw)
    assert reason


@given(st.integers(min_value=0, max_value=0xFFFFFFFF))
def test_any_bits_decode_or_fault(raw: int) -> None:
    refs = RefTable()
    refs.encode("one")
    try:
        refs.decode(raw)
    except GuestFault:
        return


def test_a_sweep_frees_what_is_not_live() -> None:
    refs = RefTable()
    kept, dropped, last = (refs.encode(text) for text in ("kept", "dropped", "last"))
    assert refs.sweep([kept, 0, 3, 17]) == 2
    assert len(refs) == 1
    assert refs.decode(kept) == "kept"
    for raw in (dropped, last):
        with pytest.raises(GuestFault):
            refs.decode(raw)
    assert refs.encode("new") in (dropped, last)
    assert refs.decode(kept) == "kept"


def test_a_sweep_is_due_only_after_many_handles() -> None:
    refs = RefTable()
    refs.encode("text")
    assert not refs.sweep_is_due
    for index in range(1 << 15):
        refs.encode(str(index))
    assert refs.sweep_is_due
    refs.sweep([])
    assert not refs.sweep_is_due
    assert len(refs) == 0


def test_one_call_cannot_hold_handles_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime_core.js.refs.MAX_HANDLES", 3)
    refs = RefTable()
    for index in range(3):
        refs.encode(f"text {index}")
    with pytest.raises(LimitError):
        refs.encode("too many")
    assert MAX_HANDLES > 1 << 20


def test_large_values_make_a_sweep_due_long_before_many_handles() -> None:
    refs = RefTable()
    texts = [str(index) * SWEEP_BYTES for index in range(2)]
    kept = refs.encode(texts[0])
    refs.encode(texts[1])
    assert refs.sweep_is_due
    refs.sweep([kept])
    assert not refs.sweep_is_due
    refs.encode(texts[1])
    refs.encode("9" * LARGE_BYTES * 2)
    assert refs.sweep_is_due


def test_a_large_value_counts_once_however_often_it_crosses() -> None:
    refs = RefTable()
    text = "x" * (SWEEP_BYTES - 1)
    for _ in range(1000):
        refs.encode(text)
    assert not refs.sweep_is_due


def test_large_values_are_bounded_within_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime_core.js.refs.MAX_LARGE_BYTES", 3 * LARGE_BYTES)
    refs = RefTable()
    texts = [letter * (LARGE_BYTES + 1) for letter in "abc"]
    for text in texts[:2]:
        refs.encode(text)
    with pytest.raises(LimitError, match="memory of the host"):
        refs.encode(texts[2])
    refs.sweep([])
    refs.encode(texts[2])


def array_bits(number: int) -> int:
    """The handle of an array that WebAssembly code gave out."""
    return (1 << 27 | number) << 4 | 11


def test_arrays_of_the_guest_are_made_when_they_are_first_met() -> None:
    refs = RefTable()
    refs.register_array(JsArray)
    first, second = (refs.decode(array_bits(number)) for number in (1, 2))
    assert isinstance(first, JsArray)
    assert first is refs.decode(array_bits(1))
    assert first is not second
    assert len(refs) == 2


def test_a_sweep_keeps_arrays_that_are_live_and_tells_of_those_not_met() -> None:
    refs = RefTable()
    refs.register_array(JsArray)
    kept = refs.decode(array_bits(1))
    refs.decode(array_bits(2))
    assert refs.sweep([array_bits(1)]) == 1
    assert refs.decode(array_bits(1)) is kept
    assert refs.arrays_are_in_use
    refs.sweep([array_bits(7)])
    assert refs.arrays_are_in_use
    refs.sweep([refs.encode("text"), 3, 0])
    assert not refs.arrays_are_in_use


def test_arrays_of_the_guest_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime_core.js.refs.MAX_HANDLES", 2)
    refs = RefTable()
    refs.register_array(JsArray)
    for number in range(2):
        refs.decode(array_bits(number))
    with pytest.raises(LimitError):
        refs.decode(array_bits(2))


def test_a_sweep_frees_primitives() -> None:
    refs = RefTable()
    kept, dropped = refs.encode("kept"), refs.encode(1.5)
    assert refs.sweep([kept]) == 1
    assert refs.decode(kept) == "kept"
    with pytest.raises(GuestFault):
        refs.decode(dropped)


def test_weight_is_counted_until_a_sweep() -> None:
    refs = RefTable()
    held = [JsArray(), JsArray()]
    refs.weigh(held[0], MAX_LARGE_BYTES - 1)
    refs.encode(held[0])
    with pytest.raises(LimitError):
        refs.weigh(held[1], SWEEP_BYTES)
    refs.sweep([])
    refs.weigh(held[1], SWEEP_BYTES)
