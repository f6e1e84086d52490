"""The guest's support functions, as the host holds them.

They are looked up once, before a capture; the snapshot records where they are, and a restore takes them up again
without running anything. Calling them costs a fraction of compiling even one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Final, overload

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.guest import Guest
from runtime_core.js.pyproxy import PyProxy, adopt_proxy, checked_place
from schemas.errors import HostError, RestoreError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

SUPPORT_MODULE: Final = "_runtime_core"
_OTHER_MODULES: Final = (
    "_runtime_core_entropy",
    "_runtime_core_patches",
    "_runtime_core_web",
    "_runtime_core_warm",
    "_runtime_core_locate",
)
_FUNCTIONS: Final = ("execute", "evaluate", "flush", "load", "asgi", "fetch", "shut_down", "locate", "warm_up")


def support_source(name: str = SUPPORT_MODULE) -> bytes:
    """Source of a support module that every snapshot of this runtime carries."""
    return files(__package__).joinpath("guest", f"{name}.py").read_bytes()


class _Function:
    """One of the functions: its proxy is made when it is first asked for."""

    def __set_name__(self, owner: type[Support], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, support: None, owner: type[Support]) -> _Function: ...
    @overload
    def __get__(self, support: Support, owner: type[Support]) -> PyProxy: ...
    def __get__(self, support: Support | None, owner: type[Support]) -> PyProxy | _Function:
        return self if support is None else support.proxy(self._name)


class Support:
    """The support functions of one guest; the guest's own reference counts include them.

    ``places`` says where each is: its address and the flags of its proxy.
    """

    __slots__ = ("_js", "_places", "_proxies")

    execute = _Function()
    evaluate = _Function()
    flush = _Function()
    load = _Function()
    asgi = _Function()
    fetch = _Function()
    shut_down = _Function()
    locate = _Function()
    warm_up = _Function()

    def __init__(self, js: JsHost, places: Mapping[str, tuple[int, int]]) -> None:
        self._js = js
        self._places = places
        self._proxies: dict[str, PyProxy] = {}

    def proxy(self, name: str) -> PyProxy:
        """The proxy of one function."""
        found = self._proxies.get(name)
        if found is None:
            found = self._proxies[name] = adopt_proxy(self._js, *self._places[name])
        return found

    @classmethod
    def install(cls, guest: Guest, python_version: str) -> Support:
        """Put the modules into a freshly booted guest and import the one with the functions.

        Raises:
            HostError: it does not import; the message holds the guest's traceback.
        """
        for name in (SUPPORT_MODULE, *_OTHER_MODULES):
            path = f"/lib/python{python_version}/site-packages/{name}.py"
            guest.emscripten.fs.write_file(path, support_source(name))
        names = {name: f"{SUPPORT_MODULE}_{name}" for name in _FUNCTIONS}
        imported = ", ".join(f"{name} as {alias}" for name, alias in names.items())
        run_simple_string(guest.instance, guest.emscripten, f"from {SUPPORT_MODULE} import {imported}")
        places: dict[str, tuple[int, int]] = {}
        support = cls(guest.js, places)
        for name, alias in names.items():
            function = guest.js.get_global(alias)
            if not isinstance(function, PyProxy):
                raise HostError("the support module is not as expected", expected="a function", found=repr(function))
            support._proxies[name] = function
            places[name] = (function.pointer, function.shared.flags)
        run_simple_string(guest.instance, guest.emscripten, f"del {', '.join(names.values())}")
        return support

    def to_json(self) -> dict[str, object]:
        """Where the functions are: name to pointer and flags."""
        return {name: list(self._places[name]) for name in _FUNCTIONS}

    @classmethod
    def restore(cls, guest: Guest, document: Mapping[str, object]) -> Support:
        """Take the functions up again in a restored guest.

        Raises:
            RestoreError: the document is not one that :meth:`to_json` makes.
        """
        js = guest.js
        return cls(js, {name: checked_place(js, *_entry(document, name), what=name) for name in _FUNCTIONS})

    def close(self) -> None:
        """Let go of the functions without entering the guest."""
        for proxy in self._proxies.values():
            proxy.shared.pointer = 0


def _entry(document: Mapping[str, object], name: str) -> tuple[object, object]:
    entry = document.get(name)
    if not isinstance(entry, list) or len(entry) != 2:
        raise RestoreError(
            f"the snapshot's support function {name}", expected="[pointer, flags]", found=repr(entry)[:80]
        )
    return entry[0], entry[1]
