"""Fixtures for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime_core.engine.instance import GuestInstance
from tests.support.guests import Guests


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Guests:
    return Guests(tmp_path_factory.mktemp("code") / "cache")


@pytest.fixture
def guest(guests: Guests) -> Iterator[GuestInstance]:
    with guests.start() as instance:
        yield instance
