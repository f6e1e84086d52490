"""The parser of the differential suite's case files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.ffi.cases import CaseError, all_cases, parse_cases, read_differences, render


def test_a_file_holds_many_cases() -> None:
    cases = parse_cases("# about\n\n#% first one\n1\n\n#% second\nx = 2\nx\n", "topic/file")
    assert [(case.id, case.python) for case in cases] == [
        ("topic/file::first one", "1\n"),
        ("topic/file::second", "x = 2\nx\n"),
    ]


def test_host_sections_follow_the_python() -> None:
    (case,) = parse_cases("#% both\n1\n#%js\nreturn value;\n#%host\nresult = value\n", "t/f")
    assert (case.python, case.javascript, case.host) == ("1\n", "return value;\n", "result = value\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1\n#% late\n2\n", "before the first case"),
        ("#%js\n1\n", "before the first case"),
        ("#% a\n1\n#%js\n2\n", "go together"),
        ("#% a\n1\n#%host\n2\n", "go together"),
        ("#% a\n1\n#%js\n2\n#%js\n3\n", "given twice"),
        ("#% a\n1\n#% a\n2\n", "two cases"),
        ("#%\n1\n", "no name"),
    ],
)
def test_mistakes_are_refused(text: str, reason: str) -> None:
    with pytest.raises(CaseError, match=reason):
        parse_cases(text, "t/f")


def test_rendering_has_one_kind_of_number() -> None:
    assert render({"value": "1", "stdout": "", "outside": {"b": 1.0, "a": [True]}}) == (
        'value: 1\noutside: {"a": [true], "b": 1}'
    )
    assert render({"exception": "E: x", "stdout": "hi\n"}) == "exception: E: x\nstdout: hi\n"


def test_a_difference_needs_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "differences.toml"
    path.write_text('["t/f::a"]\nhere = "x"\nentry = "y"\n')
    with pytest.raises(CaseError, match="t/f::a"):
        read_differences(path)
    path.write_text('["t/f::a"]\nreason = "r"\nhere = "x"\nentry = "y"\n')
    assert read_differences(path)["t/f::a"].reason == "r"


def test_the_suite_parses() -> None:
    cases = all_cases()
    assert len({case.id for case in cases}) == len(cases)
