"""Every case gives here what Pyodide gives in node, or differs as differences.toml says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.ffi.cases import Case, all_cases, read_differences, render
from tests.conformance.ffi.node_side import Record, run_in_node
from tests.conformance.ffi.our_side import run_here

pytestmark = pytest.mark.boot

_CASES = all_cases()
_DIFFERENCES = read_differences()
_DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "differences.md"


@pytest.fixture(scope="module")
def node_records(request: pytest.FixtureRequest) -> dict[str, Record]:
    """What node says about the cases that were selected; node runs at most once."""
    chosen = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    return run_in_node([case for case in chosen if isinstance(case, Case)])


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.id)
def test_case(case: Case, node_records: dict[str, Record]) -> None:
    node = node_records[case.id]
    assert "failure" not in node, f"the case does not work in node: {node}"
    expected, found = render(node), render(run_here(case))
    known = _DIFFERENCES.get(case.id)
    if known is None:
        assert found == expected
    else:
        assert found != expected, "no difference any more: remove the entry"
        assert found == known.here


def test_every_difference_belongs_to_a_case() -> None:
    assert set(_DIFFERENCES) <= {case.id for case in _CASES}


def test_every_difference_is_in_the_documentation() -> None:
    document = _DOCUMENT.read_text(encoding="utf-8")
    assert [case_id for case_id, known in _DIFFERENCES.items() if known.entry not in document] == []
