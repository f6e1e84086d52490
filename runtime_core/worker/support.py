"""The guest's support functions, as the host holds them.

They are looked up once, before a capture; the snapshot records where they are, and a restore takes them up again
without running anything. Calling them costs a fraction of compiling even one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from runtime_core.emscripten.boot import run_simple_string
from runtime_core.guest import Guest
from runtime_core.js.pyproxy import PyProxy, restored_proxy
from schemas.errors import HostError, RestoreError

SUPPORT_MODULE: Final = "_runtime_core"
_OTHER_MODULES: Final = (
    "_runtime_core_entropy",
    "_runtime_core_patches",
    "_runtime_core_web",
    "_runtime_core_warm",
    "_runtime_core_locate",
)
_FUNCTIONS: Final = ("execute", "evaluate", "flush", "load", "asgi", "fetch", "shut_down", "locate")


def support_source(name: str = SUPPORT_MODULE) -> bytes:
    """Source of a support module that every snapshot of this runtime carries."""
    return files(__package__).joinpath("guest", f"{name}.py").read_bytes()


@dataclass(frozen=True, kw_only=True, slots=True)
class Support:
    """Proxies of the support functions; the guest's own reference counts include them."""

    execute: PyProxy
    evaluate: PyProxy
    flush: PyProxy
    load: PyProxy
    asgi: PyProxy
    fetch: PyProxy
    shut_down: PyProxy
    locate: PyProxy

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
        found: dict[str, PyProxy] = {}
        for name, alias in names.items():
            function = guest.js.get_global(alias)
            if not isinstance(function, PyProxy):
                raise HostError("the support module is not as expected", expected="a function", found=repr(function))
            found[name] = function
        run_simple_string(guest.instance, guest.emscripten, f"del {', '.join(names.values())}")
        return cls(**found)

    def to_json(self) -> dict[str, object]:
        """Where the functions are: name to pointer and flags."""
        proxies = {name: getattr(self, name) for name in _FUNCTIONS}
        return {name: [proxy.pointer, proxy.shared.flags] for name, proxy in proxies.items()}

    @classmethod
    def restore(cls, guest: Guest, document: Mapping[str, object]) -> Support:
        """Take the functions up again in a restored guest.

        Raises:
            RestoreError: the document is not one that :meth:`to_json` makes.
        """
        taken: dict[str, PyProxy] = {}
        for name in _FUNCTIONS:
            pointer, flags = _entry(document, name)
            taken[name] = restored_proxy(guest.js, pointer, flags, what=name)
        return cls(**taken)

    def close(self) -> None:
        """Let go of the functions without entering the guest."""
        for name in _FUNCTIONS:
            getattr(self, name).shared.pointer = 0


def _entry(document: Mapping[str, object], name: str) -> tuple[object, object]:
    entry = document.get(name)
    if not isinstance(entry, list) or len(entry) != 2:
        raise RestoreError(
            f"the snapshot's support function {name}", expected="[pointer, flags]", found=repr(entry)[:80]
        )
    return entry[0], entry[1]
