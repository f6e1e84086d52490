"""Errors for what a guest may do to steps of the host's own: its memory is whatever a file or a worker made of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runtime_core.emscripten.errno import Errno
from runtime_core.engine.errors import GuestExit
from runtime_core.js.control import JsThrow
from runtime_core.js.host import host_error
from schemas.errors import HostError, RestoreError


@contextmanager
def guest_failures(when: str, error: type[HostError] = RestoreError) -> Iterator[None]:
    """Raise what leaves the guest as an ``error`` that says ``when`` it happened."""
    try:
        yield
    except JsThrow as thrown:
        raise error(f"the guest failed {when}: {host_error(thrown.value)}") from thrown
    except GuestExit as ended:
        raise error(f"the guest ended its process {when}", found=f"status {ended.status}") from ended
    except Errno as failed:
        raise error(f"the guest's file system is in the way {when}", found=failed.code.name) from failed
