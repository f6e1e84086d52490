"""The examples of the guide about objects of the guest run, and print what their comments say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime_core.isolate import Isolate
from tests.support import releases

pytestmark = pytest.mark.boot

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "isolates.md"


def _examples() -> list[str]:
    text = GUIDE.read_text(encoding="utf-8")
    sections = re.findall(
        r"^## (?:Objects that stay in the guest|Classes of host modules)\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE
    )
    return re.findall(r"^```python\n(.*?)^```$", "".join(sections), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("source", _examples())
def test_an_example_prints_what_it_says(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(source, str(GUIDE), "exec"), {"Isolate": Isolate, "runtime": releases.runtime()})
    promised = re.findall(r"print\(.*\)  # (.*)$", source, re.MULTILINE)
    assert len(promised) == source.count("print(")
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(promised)  # functions are defined before they run


def test_there_are_examples() -> None:
    assert len(_examples()) == 6
