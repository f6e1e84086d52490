from __future__ import annotations

import io
import json
import time

import pytest

from runtime_core.build import progress
from runtime_core.build.progress import Timeline, format_seconds, format_size
from schemas.digest import Digest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_each_step_leaves_a_line_with_what_is_known() -> None:
    stream = io.StringIO()
    timeline = Timeline(stream=stream)
    timeline.heading("Build [it]")
    with timeline.step("translate") as step:
        step.note(size=9_611_053)
        step.note(digest=Digest.of(b""), cached=True, detail="by [binaryen]")
    with timeline.step("bare"):
        pass
    lines = stream.getvalue().splitlines()
    assert lines[0] == "Build [it]"
    assert lines[1].startswith("ok ")
    assert lines[1].endswith("9.6 MB  sha256:e3b0c44298fc  cached  by [binaryen]")
    assert lines[2].endswith("bare")


def test_steps_nest_and_finish_inside_out() -> None:
    timeline = Timeline(stream=io.StringIO())
    with timeline.step("outer"), timeline.step("inner") as inner:
        inner.advance(1, 2)
    assert [(record.name, record.depth) for record in timeline.records] == [("inner", 1), ("outer", 0)]


def test_a_failure_is_shown_and_passed_on() -> None:
    stream = io.StringIO()
    timeline = Timeline(stream=stream)
    with pytest.raises(ValueError, match="boom"), timeline.step("bad"):
        raise ValueError("boom")
    assert stream.getvalue().startswith("FAIL")
    assert not timeline.records[0].ok


def test_a_long_step_says_that_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_ANNOUNCE_AFTER", 0.01)
    stream = io.StringIO()
    with Timeline(stream=stream).step("slow"):
        time.sleep(0.2)
    assert stream.getvalue().splitlines()[0] == "... slow"


def test_a_terminal_shows_a_bar_and_keeps_only_the_lines() -> None:
    stream = Terminal()
    timeline = Timeline(stream=stream)
    with timeline.step("outer"), timeline.step("inner") as step:
        step.advance(1, 2)
        step.note(size=5)
    assert "\x1b[" in stream.getvalue()
    assert "5 B" in stream.getvalue()
    with timeline.step("again"):
        pass
    assert len(timeline.records) == 3


def test_the_report_is_json() -> None:
    timeline = Timeline(stream=io.StringIO())
    with timeline.step("one") as step:
        step.note(size=1, digest=Digest.of(b""), cached=False, detail="x")
    with timeline.step("two"):
        pass
    stream = io.StringIO()
    timeline.write_json(stream)
    report = json.loads(stream.getvalue())
    one, two = report["steps"]
    assert one.pop("seconds") >= 0
    assert one == {
        "name": "one", "depth": 0, "ok": True, "size": 1, "digest": str(Digest.of(b"")), "cached": False, "detail": "x",
    }  # fmt: skip
    assert set(two) == {"name", "depth", "ok", "seconds"}
    assert report["seconds"] >= two["seconds"]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_611_053, "9.6 MB"),
        (26 * 10**9, "26.0 GB"),
        (10**13, "10000.0 GB"),
    ],
)
def test_sizes_are_in_decimal_units(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 us"), (0.00065, "650 us"), (0.0021, "2.1 ms"), (0.65, "650 ms"), (11.24, "11.2 s")]
)
def test_durations_choose_their_unit(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text
