from __future__ import annotations

import calendar
import datetime
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime_core.emscripten import broken_down_time as bdt
from tests.support.fake_guest import fake_host

UTC = datetime.UTC
LAST = 8_640_000_000_000


@given(st.datetimes(min_value=datetime.datetime(1, 1, 1), max_value=datetime.datetime(9999, 12, 31)))  # noqa: DTZ001
def test_gmtime_agrees_with_datetime(moment: datetime.datetime) -> None:
    host = fake_host()
    seconds = calendar.timegm(moment.timetuple())
    bdt.gmtime(host, seconds, 64)
    fields = struct.unpack("<8i", host.memory.read(64, 32))
    t = moment.timetuple()
    assert fields == (
        t.tm_sec,
        t.tm_min,
        t.tm_hour,
        t.tm_mday,
        t.tm_mon - 1,
        t.tm_year - 1900,
        (t.tm_wday + 1) % 7,
        t.tm_yday - 1,
    )
    assert bdt.timegm(host, 64) == seconds


@given(st.integers(-LAST, LAST))
def test_every_time_survives_the_round_trip(seconds: int) -> None:
    host = fake_host()
    bdt.localtime(host, seconds, 64)
    assert host.memory.read(96, 8) == bytes(8)
    assert bdt.mktime(host, 64) == seconds


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=6, max_size=6))
def test_timegm_takes_any_fields(fields: list[int]) -> None:
    host = fake_host()
    host.memory.write(64, struct.pack("<6i", *fields))
    seconds = bdt.timegm(host, 64)
    assert -LAST <= seconds <= LAST
    second, minute, hour = struct.unpack("<3i", host.memory.read(64, 12))
    if seconds != -1:
        assert (0 <= second < 60, 0 <= minute < 60, 0 <= hour < 24) == (True, True, True)


@pytest.mark.parametrize("seconds", [LAST + 1, -LAST - 1, (1 << 63) - 1, -(1 << 63)])
def test_times_out_of_range_are_zeros(seconds: int) -> None:
    host = fake_host()
    host.memory.write(64, b"\xff" * 32)
    bdt.gmtime(host, seconds, 64)
    assert host.memory.read(64, 32) == bytes(32)


def test_fields_are_normalised() -> None:
    host = fake_host()
    host.memory.write(64, struct.pack("<9i", 70, 59, 23, 31, 12, 123, 0, 0, 1))
    assert bdt.mktime(host, 64) == calendar.timegm((2024, 2, 1, 0, 0, 10))
    assert struct.unpack("<9i", host.memory.read(64, 36)) == (10, 0, 0, 1, 1, 124, 4, 31, 0)


def test_tzset_is_utc() -> None:
    host = fake_host()
    bdt.tzset(host, 0, 4, 8, 32)
    assert host.memory.read(0, 8) == bytes(8)
    assert host.memory.read_cstring(8, 17) == host.memory.read_cstring(32, 17) == b"UTC-0000"
