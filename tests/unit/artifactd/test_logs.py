"""Log lines: one line each, whatever a peer puts into them."""

from __future__ import annotations

import logging
import sys

import pytest

from artifactd.logs import KeyValueFormatter, fields
from artifactd.transport import keep_freed_memory


def line(message: str, *, exc_info: bool = False, **values: object) -> str:
    record = logging.LogRecord(
        "artifactd.test", logging.INFO, __file__, 1, message, (), sys.exc_info() if exc_info else None
    )
    record.__dict__.update(fields(**values))
    return KeyValueFormatter().format(record)


def test_a_line_has_time_level_logger_message_and_fields() -> None:
    text = line("call", method="/a.b/C", ms=1.5, nothing=None)
    assert text.startswith("time=20")
    assert text.endswith(" level=info logger=artifactd.test msg=call method=/a.b/C ms=1.5")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("two words", '"two words"'),
        ("", '""'),
        ('say "x"', r'"say \"x\""'),
        ("a=b", '"a=b"'),
        ("line\nlevel=error forged", r'"line\nlevel=error forged"'),
        ("\x1b[31mred", r'"\u001b[31mred"'),
        ("ä", r'"\u00e4"'),
    ],
)
def test_values_cannot_break_out_of_their_place(value: str, written: str) -> None:
    text = line("call", peer=value)
    assert text.endswith(f" peer={written}")
    assert len(text.splitlines()) == 1


def test_a_traceback_stays_on_the_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        text = line("call", exc_info=True)
    assert len(text.splitlines()) == 1
    assert "ValueError: broken" in text


def test_the_allocator_of_this_platform_takes_the_settings() -> None:
    assert keep_freed_memory() == (sys.platform == "linux")
