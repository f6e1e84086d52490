"""What ``make regrtest`` makes of runs that end well, die, hang, or are cut off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.regrtest.outcome import Ending, Outcome, Pair, Run, read_record, write_record
from tests.regrtest.run import collect
from tests.regrtest.sides import watch


def _line(kind: str, value: object) -> str:
    return f"\n{kind}: {json.dumps(value)}\n"


def _test(name: str, *failed: str, skipped: bool = False) -> str:
    return _line("test", name) + _line("result", {"test": name, "failed": [*failed], "skipped": skipped})


def _run(printed: str, ending: Ending = Ending.BY_ITSELF) -> Run:
    return Run(printed=printed, ending=ending, complaint="what it complained of")


def test_a_module_that_ends_is_counted() -> None:
    outcome = Outcome()
    printed = "noise" + _test("a") + _test("b", "b (i=1)", "b (i=2)") + _test("c", skipped=True) + _line("end", "")
    outcome.take(_run(printed))
    assert outcome.is_complete
    assert (outcome.run, outcome.skips, outcome.passed) == (3, 1, 1)
    assert outcome.failed == ["b (i=1)", "b (i=2)"]


def test_a_failure_of_no_test_is_noted_and_takes_nothing_from_the_count() -> None:
    outcome = Outcome()
    failure = {"test": "", "failed": ["setUpClass (x.Y)"], "skipped": False}
    outcome.take(_run(_test("a") + _line("result", failure) + _line("end", "")))
    assert (outcome.passed, outcome.bad) == (1, {"setUpClass (x.Y)"})


def test_a_module_that_is_skipped_says_why() -> None:
    outcome = Outcome()
    outcome.take(_run(_line("end", "no threads")))
    assert outcome.is_complete
    assert outcome.summary() == "skipped: no threads"


@pytest.mark.parametrize(
    ("ending", "where"),
    [
        pytest.param(Ending.BY_ITSELF, "crashed", id="the interpreter died"),
        pytest.param(Ending.SILENCE, "hung", id="the test did not end"),
        pytest.param(Ending.TIME, "hung", id="no other test used the time"),
    ],
)
def test_the_test_that_ends_the_interpreter_is_left_out_next(ending: Ending, where: str) -> None:
    outcome = Outcome()
    outcome.take(_run(_line("test", "a"), ending))
    assert not outcome.is_complete
    assert outcome.left_out == ["a"] == getattr(outcome, where)


def test_results_before_a_hang_are_kept_and_not_run_again() -> None:
    outcome = Outcome()
    outcome.take(_run(_test("a", "a") + _test("b") + _line("test", "c"), Ending.SILENCE))
    assert outcome.left_out == ["a", "b", "c"]
    outcome.take(_run(_test("d") + _line("end", "")))
    assert (outcome.run, outcome.passed, outcome.hung, outcome.failed) == (3, 2, ["c"], ["a"])


def test_a_test_that_is_cut_off_by_the_end_of_the_time_runs_again() -> None:
    outcome = Outcome()
    outcome.take(_run(_test("a") + _line("test", "b"), Ending.TIME))
    assert (outcome.left_out, outcome.bad, outcome.is_complete) == (["a"], set(), False)


def test_a_death_between_tests_does_not_end_a_module_that_makes_progress() -> None:
    outcome = Outcome()
    outcome.take(_run(_test("a")))
    assert not outcome.is_complete
    outcome.take(_run(""))
    assert (outcome.is_complete, outcome.broken, outcome.passed) == (True, "what it complained of", 1)


def test_a_result_that_was_cut_in_the_middle_is_none() -> None:
    outcome = Outcome()
    outcome.take(_run(_test("a") + _line("test", "b") + 'result: {"test": "b", "fai'))
    assert (outcome.done, outcome.crashed, outcome.complaint) == ({"a"}, ["b"], "what it complained of")


def test_a_module_is_given_up_after_its_time_with_its_counts() -> None:
    outcome = Outcome()
    attempts = iter(range(1000))
    collect(outcome, lambda left_out: _run(_test(f"t{next(attempts)}")), most_seconds=0.01)
    assert outcome.is_complete
    assert outcome.broken.startswith("took more than")
    assert outcome.passed == next(attempts) > 0


def test_worse_is_what_node_passes() -> None:
    pair = Pair(node=Outcome(failed=["a"], hung=["b"]), here=Outcome(failed=["a", "c"], crashed=["d"], hung=["b"]))
    assert pair.worse() == ["c", "d"]
    assert Pair(node=Outcome(failed=["a (<b at 0x12ab>)"]), here=Outcome(failed=["a (<b at 0x7>)"])).worse() == []
    assert Pair(node=Outcome(), here=Outcome(skipped="why")).worse() == ["the module as a whole"]
    assert Pair(node=Outcome(broken="why"), here=Outcome(failed=["a"])).worse() == []


def test_a_record_is_read_back(tmp_path: Path) -> None:
    pair = Pair(node=Outcome(run=3, failed=["a"], is_complete=True), here=Outcome(run=2, skipped="why"))
    write_record({"test_x": pair}, tmp_path / "new" / "record.json")
    assert read_record(tmp_path / "new" / "record.json") == {"test_x": pair}
    assert read_record(tmp_path / "absent.json") == {}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("print('x')", ("x\n", Ending.BY_ITSELF), id="ends"),
        pytest.param("print('x', flush=True); import time; time.sleep(60)", ("x\n", Ending.SILENCE), id="hangs"),
        pytest.param(
            "import os, time; print('x', flush=True); os.close(1); time.sleep(60)",
            ("x\n", Ending.BY_ITSELF),
            id="closes its output",
        ),
    ],
)
def test_a_process_is_watched_to_its_end(code: str, expected: tuple[str, Ending]) -> None:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert watch(process, patience=2.0) == expected
    assert process.returncode is not None
