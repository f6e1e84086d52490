"""What the host says of errors whose own text cannot be had."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.coded_errors import CodedError, describe
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, JsPythonError
from runtime_core.js.functions import NativeFunction
from runtime_core.js.host import JsHost, host_error
from runtime_core.js.promises import rejected_promise
from runtime_core.js.values import SYMBOL_ITERATOR, SYMBOL_TO_STRING_TAG, Accessor, BigInt, JsObject, JsValue
from schemas.errors import PythonError
from tests.support.fake_tables import fake_host


def listening_host() -> tuple[JsHost, list[bytes]]:
    """A host, and what is written to its standard error."""
    js, _ = fake_host()
    written: list[bytes] = []
    stream = SimpleNamespace(write=written.append)
    js.emscripten = cast("Any", SimpleNamespace(files=SimpleNamespace(get=lambda _: stream)))
    return js, written


def nested() -> JsArray:
    value = JsArray()
    for _ in range(5000):
        value = JsArray([value])
    return value


def throwing() -> JsObject:
    def fail() -> JsValue:
        raise JsThrow(JsError("Error", "no text"))

    return JsObject({"toString": NativeFunction(fail, "toString"), SYMBOL_TO_STRING_TAG: "Thing"})


def coded(code: JsValue | None) -> CodedError:
    error = CodedError("TypeError", "ERR", "what happened")
    error.set("code", error if code is None else code)
    return error


@pytest.mark.parametrize(
    ("value", "shown"),
    [(nested(), b"[object Array]"), (throwing(), b"[object Thing]"), (coded(None), b"[object Error]")],
    ids=["nested", "throwing", "own code"],
)
def test_errors_without_a_text_are_reported(value: JsValue, shown: bytes) -> None:
    js, written = listening_host()
    js.report(value)
    assert written == [b"Uncaught " + shown + b"\n"]
    written.clear()
    rejected_promise(js.loop, value)
    js.loop.run_microtasks()
    assert written == [b"Uncaught (in promise) " + shown + b"\n"]


@pytest.mark.parametrize("code", [SYMBOL_ITERATOR, None, throwing()], ids=["symbol", "itself", "throwing"])
def test_errors_without_a_text_become_errors_of_the_host(code: JsValue | None) -> None:
    error = host_error(coded(code))
    assert isinstance(error, PythonError)
    assert (error.type_name, error.traceback) == ("TypeError", "TypeError")


def test_a_python_error_without_a_message() -> None:
    def fail() -> JsValue:
        raise JsThrow(JsError("Error", "no message"))

    error = JsPythonError("ValueError", "text", 0)
    error.define("message", Accessor(lambda _: fail()))
    raised = host_error(error)
    assert isinstance(raised, PythonError)
    assert raised.traceback == "ValueError"


def test_bigints_of_any_size_are_shown() -> None:
    assert describe(BigInt(10**5000)) == f"type bigint (1{'0' * 5000}n)"
    assert repr(BigInt(-12)) == "-12n"
    assert repr(BigInt(1 << 20_000)) == f"0x1{'0' * 5000}n"
