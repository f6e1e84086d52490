from __future__ import annotations

import pytest

from runtime_core.workerd.entropy import RationedFixedEntropy
from schemas.errors import HostError
from tests.support.fake_guest import FakeInstance

COUNTER = 64


def test_gives_byte_as_often_as_counter_allows() -> None:
    memory = FakeInstance().memory
    entropy = RationedFixedEntropy(0x2B)
    entropy.bind(memory, COUNTER)
    memory.write_u8(COUNTER, 2)
    assert entropy.read(4) == b"++++"
    assert entropy.read(1) == b"+"
    assert memory.read_u8(COUNTER) == 0
    with pytest.raises(HostError, match="must have none"):
        entropy.read(1)
    assert memory.read_u8(COUNTER) == 0


def test_gives_nothing_before_it_knows_its_counter() -> None:
    with pytest.raises(HostError):
        RationedFixedEntropy(0x2B).read(1)
