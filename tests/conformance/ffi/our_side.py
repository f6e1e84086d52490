"""What this runtime makes of a case: in a fresh isolate each."""

from __future__ import annotations

import ast
import asyncio
import functools
import inspect
import json
import traceback
from typing import Final

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.host import JsHost
from runtime_core.js.pyproxy import PyProxy
from runtime_core.objects import GuestObject
from schemas.errors import PythonError
from tests.conformance.ffi.cases import ROOT, Case
from tests.conformance.ffi.fixtures import make_fixtures
from tests.conformance.ffi.services import grants, http_base, without_address
from tests.support import releases

Record = dict[str, object]
_LIMITS: Final = Limits(cpu_seconds=20.0, wait_seconds=10.0)


@functools.cache
def _describe_code() -> bytes:
    """The code of describe_guest.py, compiled by a guest once: parsing it takes longer than most cases."""
    source = (ROOT / "describe_guest.py").read_text(encoding="utf-8")
    with Isolate(releases.runtime()) as isolate:
        code = isolate.evaluate(f"import marshal; marshal.dumps(compile({source!r}, '<exec>', 'exec'))")
    assert isinstance(code, bytes)
    return code


def run_here(case: Case) -> Record:
    """The record of a case."""
    stdout, stderr = bytearray(), bytearray()
    base = http_base(case)
    options = IsolateOptions(limits=_LIMITS, stdout=stdout.extend, stderr=stderr.extend, **grants(case))
    isolate = Isolate(releases.runtime(), options)
    try:
        record = _run(isolate, case, base)
    except Exception as error:  # a case that breaks the host must not stop the others
        stderr += traceback.format_exc().encode()
        record = {"failure": f"{type(error).__name__}: {error}"}
    finally:
        isolate.close()
    record |= {"stdout": stdout.decode(errors="replace"), "stderr": stderr.decode(errors="replace")}
    shown: Record = json.loads(without_address(json.dumps(record), base))
    return shown


def _run(isolate: Isolate, case: Case, base: str) -> Record:
    guest = isolate._guest
    assert guest is not None
    js = guest.js
    js.add_module("fixtures", {})
    js.modules["fixtures"].own = dict(make_fixtures(js, base))
    js.run(f"import marshal; exec(marshal.loads({_describe_code()!r}))")
    run_case = js.get_global("run_case")
    assert isinstance(run_case, PyProxy)
    text = js.call(run_case, (case.python,))
    assert isinstance(text, str)
    record: Record = json.loads(text)
    if case.host:
        record["outside"] = _outside(isolate, js, case.host)
    return record


def _outside(isolate: Isolate, js: JsHost, source: str) -> object:
    """What the host part of a case assigns to ``result``."""
    take_value = js.get_global("take_value")
    assert isinstance(take_value, PyProxy)
    names: dict[str, object] = {"isolate": isolate, "js": js, "fixtures": js.modules["fixtures"]}
    code = compile(source, "<host part>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    try:
        value = names["value"] = js._guarded(take_value.call_python, ())
        names["held"] = GuestObject(isolate._enter, value.copy()) if isinstance(value, PyProxy) else value
        pending = eval(code, names)
        if inspect.iscoroutine(pending):
            asyncio.run(pending)
    except PythonError as error:
        return {"error": error.type_name, "message": error.message.splitlines()[-1]}
    except JsThrow as thrown:
        value = thrown.value
        return {"error": value.error_name, "message": value.message} if isinstance(value, JsError) else repr(value)
    return names["result"]
