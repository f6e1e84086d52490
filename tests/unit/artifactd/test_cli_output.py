"""What commands print."""

from __future__ import annotations

import io

import pytest

from artifactd.cli.output import CommandResult, Output
from schemas.errors import FormatError


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("plain, äöü, 日本, tab\t and\nlines", "plain, äöü, 日本, tab\t and\nlines", "text"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07", "escape sequences"),
        ("over\rwritten\x9b", "over\\rwritten\\x9b", "other control characters"),
        ("name\udcff", "name\\udcff", "a name of the host's that is no UTF-8"),
    ],
)
def test_names_of_others_do_not_act_on_the_terminal(text: str, expected: str, reason: str) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    output = Output(as_json=False, stdout=stdout, stderr=stderr)
    output.result(CommandResult(value={}, lines=[text]))
    output.error(FormatError(text))
    assert stdout.getvalue() == f"{expected}\n", reason
    assert stderr.getvalue() == f"error: {expected}\n", reason
