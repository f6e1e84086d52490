"""Bringing up Pyodide's Python side in a fresh interpreter, in the order of upstream's finalizeBootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import JsValue
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MODULES: Final = ("pyodide", "pyodide.code", "pyodide.ffi", "pyodide._package_loader", "_pyodide._base")


def bootstrap(js: JsHost) -> None:
    """Run the sequence.

    Raises:
        HostError: a step did not give what upstream's does.
        JsThrow: guest code raised.
    """
    run_simple_string(js.instance, js.emscripten, "import _pyodide_core")
    if js.pyodide is None:
        raise HostError("importing _pyodide_core did not hand over the _pyodide module")
    base = _proxy(js.pyodide.get_attribute("_base"))
    eval_code = js.require_callable(base.get_attribute("eval_code"))
    js.eval_code = eval_code.copy()
    internal = _proxy(eval_code.call_python(("{}",)))

    def evaluate(source: str) -> PyProxy:
        return _proxy(eval_code.call_python((source, internal)))

    importlib = evaluate("import importlib; importlib")
    import_module = js.require_callable(importlib.get_attribute("import_module"))
    for name in ("sys", "os"):
        import_module.call_python((name,))
    js.main_globals = evaluate("import __main__; __main__.__dict__")
    evaluate("import builtins; builtins.__dict__").destroy()
    hook = _proxy(js.pyodide.get_attribute("_importhook"))
    js.import_hook = hook.copy()
    js.require_callable(hook.get_attribute("register_js_finder")).call_python(())
    register = js.require_callable(hook.get_attribute("register_js_module"))
    modules = {"js": js.globals, "pyodide_js": js.public_api, **js.modules}
    for name, module in modules.items():
        register.call_python((name, module))
    js.require_callable(hook.get_attribute("register_windows_finder")).call_python(())
    for name in _MODULES:
        _proxy(import_module.call_python((name,))).destroy()
    evaluate(_LIBRARY_PATH)
    internal.destroy()
    importlib.destroy()


_LIBRARY_PATH: Final = """
import os, pyodide._package_loader as loader
os.environ["LD_LIBRARY_PATH"] = ":".join((str(loader.DSO_DIR), str(loader.SITE_PACKAGES)))
{}
"""


def _proxy(value: JsValue) -> PyProxy:
    if not isinstance(value, PyProxy):
        raise HostError("the guest's Pyodide modules are not as expected", expected="a proxy", found=repr(value))
    return value
