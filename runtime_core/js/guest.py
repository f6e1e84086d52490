"""The guest's exported functions that this layer calls, found by name and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runtime_core.js.control import PythonErrorSet

if TYPE_CHECKING:
    from runtime_core.engine.instance import GuestInstance


class GuestApi:
    """CPython's and Pyodide's C functions as attributes: ``guest.Py_DecRef(pointer)``.

    Pointers are the signed 32-bit integers that the engine delivers; 0 is NULL.
    """

    def __init__(self, instance: GuestInstance) -> None:
        self._instance = instance
        self._addresses: dict[str, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self._instance.function(name)
        setattr(self, name, function)
        return function

    def address(self, name: str) -> int:
        """The address of a data symbol, unsigned."""
        found = self._addresses.get(name)
        if found is None:
            found = self._addresses[name] = self._instance.global_value(name)
        return found


def checked(pointer: int) -> int:
    """A pointer result of the C API.

    Raises:
        PythonErrorSet: it is NULL, so the guest's error indicator is set.
    """
    if pointer == 0:
        raise PythonErrorSet
    return pointer
