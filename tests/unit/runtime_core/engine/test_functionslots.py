"""Addresses of functions: the slots that hold them."""

from __future__ import annotations

from runtime_core.engine.instance import GuestInstance
from tests.support.guests import Guests


def test_the_first_slot_of_an_exported_function(guest: GuestInstance) -> None:
    assert guest.slot_of("nothing") == 2
    guest.table_set(3, guest.function("nothing"))
    assert guest.slot_of("nothing") == 2
    assert guest.slot_of("trap") is None


def test_slots_that_are_filled_later(guest: GuestInstance) -> None:
    assert guest.slot_of("spin") is None
    guest.table_set(guest.table_grow(1), guest.function("spin"))
    assert guest.slot_of("spin") == 4
    assert guest.slot_of("load") is None
    guest.table_set(3, guest.function("load"))
    assert guest.slot_of("load") == 3


def test_another_instance_is_no_more_than_a_hint(guests: Guests) -> None:
    """What one guest did to its table changes no other guest's addresses."""
    with guests.start() as first, guests.start() as second, guests.start() as third:
        first.table_set(2, first.function("grow"))
        assert first.slot_of("grow") == 2
        assert first.slot_of("nothing") is None
        assert second.slot_of("nothing") == 2
        assert second.slot_of("grow") is None
        first.table_set(first.table_grow(1), first.function("recurse"))
        assert first.slot_of("recurse") == 4
        assert third.slot_of("recurse") is None
        third.table_set(3, third.function("recurse"))
        assert third.slot_of("recurse") == 3
