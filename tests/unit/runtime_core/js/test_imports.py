"""The table of imports, and the error path of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from runtime_core.engine.errors import GuestExit
from runtime_core.js.control import JsThrow, PythonErrorSet
from runtime_core.js.errors import JsError
from runtime_core.js.imports import js_imports
from runtime_core.js.registry import ImportTable, guarded
from runtime_core.js.values import ERROR
from schemas.errors import FatalIsolateError, GuestFault


class FakeJs:
    """Collects what is set as the guest's error."""

    def __init__(self) -> None:
        self.errors: list[object] = []

    def set_guest_error(self, value: object) -> None:
        self.errors.append(value)


def raising(error: BaseException) -> Any:
    def function(js: object, *args: object) -> object:
        raise error

    return function


def test_every_import_is_there_once() -> None:
    items = js_imports()
    assert len(items) == 156
    assert len({(item.module, item.name) for item in items}) == 156
    assert {item.component for item in items} == {"js"}


@pytest.mark.parametrize("failure", [ERROR, -1, 0])
def test_a_thrown_value_becomes_the_guests_error(failure: object) -> None:
    js = FakeJs()
    assert guarded(raising(JsThrow("thrown")), failure)(js, 1, 2) is failure
    assert js.errors == ["thrown"]


def test_an_error_that_is_already_set_is_left_alone() -> None:
    js = FakeJs()
    assert guarded(raising(PythonErrorSet()), -1)(js) == -1
    assert js.errors == []


def test_exhausting_the_hosts_stack_is_a_range_error() -> None:
    js = FakeJs()
    assert guarded(raising(RecursionError()), 0)(js) == 0
    assert isinstance(js.errors[0], JsError)


@pytest.mark.parametrize("error", [GuestFault("fault"), FatalIsolateError("dead"), GuestExit(3), ValueError("a bug")])
def test_faults_exits_and_bugs_pass_through(error: BaseException) -> None:
    with pytest.raises(type(error)):
        guarded(raising(error), ERROR)(FakeJs())


def test_checks_answer_no_and_set_nothing() -> None:
    js = FakeJs()
    (item,) = ImportTable(check={"check": raising(JsThrow(1))}).host_imports()
    assert item.function(js) is False
    assert js.errors == []
