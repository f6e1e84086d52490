"""Bringing up Pyodide's Python side with exactly the calls that upstream's finalizeBootstrap makes, in its order.

:mod:`runtime_core.js.bootstrap` comes to the same state in fewer calls; but each call leaves its traces in memory, and
here it matters which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import JsValue
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost
    from runtime_core.workerd.source import SourceRunner

_MODULES: Final = ("pyodide", "pyodide.code", "pyodide.ffi", "pyodide._package_loader", "_pyodide._base")
_LIBRARY_PATH: Final = "LD_LIBRARY_PATH"


class Bootstrap:
    """The steps. Proxies that JavaScript keeps in its ``API`` object are kept in :attr:`kept`."""

    def __init__(self, js: JsHost, runner: SourceRunner) -> None:
        self._js = js
        self._runner = runner
        self.kept: list[PyProxy] = []

    def run(self, install: Callable[[Bootstrap], None]) -> None:
        """Run the sequence. ``install`` makes the objects of JavaScript known to the guest: see :meth:`register`.

        Raises:
            HostError: a step did not give what upstream's does.
            JsThrow: guest code raised.
        """
        js = self._js
        self._runner.run("import _pyodide_core")
        js.eval_code = self.attribute(self._pyodide, "_base", "eval_code")
        internal = self.call(js.eval_code, "{}")

        def evaluate(source: str) -> PyProxy:
            eval_code = self.attribute(self._pyodide, "_base", "eval_code")
            return self.call(eval_code, source, internal)

        importlib = evaluate("import importlib; importlib")
        import_module = self.attribute(importlib, "import_module")
        self.call(import_module, "sys")
        os = self.call(import_module, "os")
        main_globals = evaluate("import __main__; __main__.__dict__")
        builtins = evaluate("import builtins; builtins.__dict__")
        js.main_globals = main_globals
        js.import_hook = self.attribute(self._pyodide, "_importhook")
        install(self)
        modules = [self.call(import_module, name) for name in _MODULES]
        self._set_library_path(modules[_MODULES.index("pyodide._package_loader")], os)
        self.kept += [internal, importlib, os, builtins, *modules]

    @property
    def _pyodide(self) -> PyProxy:
        if self._js.pyodide is None:
            raise HostError("importing _pyodide_core did not hand over the _pyodide module")
        return self._js.pyodide

    @property
    def _hook(self) -> PyProxy:
        if self._js.import_hook is None:
            raise HostError("the bootstrap has not come to the import hook")
        return self._js.import_hook

    def register(self) -> None:
        """What a cold start installs: the finder of JavaScript modules, ``js``, ``pyodide_js``, the Windows finder."""
        hook = self._hook
        self.apply(self.attribute(hook, "register_js_finder"))
        for name, module in (("js", self._js.globals), ("pyodide_js", self._js.public_api)):
            self.apply(self.attribute(hook, "register_js_module"), name, module)
        self.apply(self.attribute(hook, "register_windows_finder"))

    def _set_library_path(self, loader: PyProxy, os: PyProxy) -> None:
        """Upstream puts its own value, the attributes read in this order, in the place of the one given."""
        site_packages, libraries = (
            self.apply(self.attribute(loader, name, "__str__")) for name in ("SITE_PACKAGES", "DSO_DIR")
        )
        setter = self.attribute(os, "environ", "__setitem__")
        self.apply(setter, _LIBRARY_PATH, f"{libraries}:{site_packages}")

    def attribute(self, proxy: PyProxy, *names: str) -> PyProxy:
        """An attribute of an attribute of an object, each a proxy."""
        for name in names:
            proxy = _proxy(proxy.get_attribute(name))
        return proxy

    def apply(self, function: PyProxy, *arguments: JsValue) -> JsValue:
        """Call, and look at the type of a result that is a proxy, as upstream does to find coroutines."""
        result = function.call_python(arguments)
        if isinstance(result, PyProxy):
            result.type_name()
        return result

    def call(self, function: PyProxy, *arguments: JsValue) -> PyProxy:
        """A call whose result is a proxy."""
        return _proxy(self.apply(function, *arguments))


def _proxy(value: JsValue) -> PyProxy:
    if not isinstance(value, PyProxy):
        raise HostError("the guest's Pyodide modules are not as expected", expected="a proxy", found=repr(value))
    return value
