"""Values that a hostile guest returns: none of them takes the host's memory, its time or its stack."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from schemas.errors import LimitError, PythonError, UnserializableError
from tests.support import releases

pytestmark = pytest.mark.boot


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    with Isolate(releases.runtime(), IsolateOptions(stdout=len, stderr=len)) as booted:
        yield booted


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("a = []; a.append(a)", "a list in itself"),
        ("a = {'k': 1}; a['self'] = a", "a dict in itself, beside other entries"),
        ("a = {}; a[0] = a", "a dict in itself, under a key that is also an index"),
        ("a = {'k': [1]}; a['k'].append(a)", "a dict in its own list"),
        ("a = []; a.append({'a': a})", "a list in its own dict"),
        ("a = []\nfor _ in range(300): a = [a]", "too deep"),
        ("a = []\nfor _ in range(100_000): a = [a]", "much too deep"),
        ("a = {}\nfor _ in range(300): a = {'k': a}", "too deep, in dicts"),
    ],
)
def test_values_without_a_plain_form_are_refused(isolate: Isolate, source: str, reason: str) -> None:
    isolate.run(f"{source}\ndef make(): return a")
    with pytest.raises(UnserializableError):
        isolate.call("make")
    assert isolate.state is IsolateState.READY, reason


def test_values_shared_within_a_value_cross(isolate: Isolate) -> None:
    isolate.run("d = {'k': 1}\nl = [d, d]\ndef make(): return {'d': d, 'e': d, 'l': l, 'm': l}")
    d = {"k": 1}
    assert isolate.call("make") == {"d": d, "e": d, "l": [d, d], "m": [d, d]}


def test_a_small_value_that_stands_for_a_huge_one_costs_the_guests_time() -> None:
    options = IsolateOptions(limits=Limits(cpu_seconds=0.3), stdout=len, stderr=len)
    isolate = Isolate(releases.runtime(), options)
    isolate.run("a = [1]\nfor _ in range(60): a = [a, a]\ndef make(): return a")
    started = time.thread_time()
    with pytest.raises(LimitError, match="CPU time"):
        isolate.call("make")
    assert time.thread_time() - started < 3
    assert isolate.state is IsolateState.DEAD


def test_a_dict_whose_items_fail_is_the_guests_error(isolate: Isolate) -> None:
    isolate.run("class D(dict):\n    def items(self): raise ValueError('mine')\ndef make(): return D(a=1)")
    with pytest.raises(PythonError):
        isolate.call("make")
