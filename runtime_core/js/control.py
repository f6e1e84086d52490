"""Guest control flow that travels as Python exceptions inside the interface and never leaves an isolate."""

from __future__ import annotations


class JsThrow(Exception):  # noqa: N818 - JavaScript's `throw`, not an error of the host
    """A JavaScript value was thrown; ``value`` is that value, usually a JsError."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def __str__(self) -> str:
        return f"JavaScript threw {self.value!r}"


class PythonErrorSet(Exception):  # noqa: N818 - a state of the guest
    """The guest's Python error indicator is already set; an import returns its error value and leaves it alone."""
