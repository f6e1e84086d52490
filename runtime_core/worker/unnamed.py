"""Which variable of the guest holds a value that a snapshot cannot hold."""

from __future__ import annotations

from runtime_core.guest import Guest
from runtime_core.js.pyproxy import call_object
from runtime_core.js.state import UnnamedValueError
from runtime_core.worker.support import Support
from schemas.errors import CaptureError, PlatformError


def locate_value(guest: Guest, support: Support, error: UnnamedValueError, *, main: object = None) -> CaptureError:
    """The error to raise instead: it names variable and module, where the guest can say so."""
    try:
        found = guest.js.from_guest(
            guest.js.perform(call_object, guest.js, support.locate.pointer, (error.value, main), {})
        )
    except PlatformError:  # the guest's objects may do anything when they are looked at
        found = None
    if not isinstance(found, list) or len(found) != 2:
        return error
    variable, module = found
    return CaptureError(
        f"the variable {variable} of module {module} cannot be part of a snapshot: {error.message}",
        expected=error.expected,
        found=error.found,
        hint=error.hint,
    )
