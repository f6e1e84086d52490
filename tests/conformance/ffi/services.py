"""What cases of some topics need outside of both runtimes."""

from __future__ import annotations

import atexit
import contextlib
import functools
from typing import Any, Final

from runtime_core.fetch import FetchPolicy, HttpFetch
from tests.conformance.ffi.cases import Case

_OPEN: Final = contextlib.ExitStack()  # until the process ends
SHOWN_BASE: Final = "http://server.test"
"""What records show in the place of the local server's address."""


@functools.cache
def _http_base() -> str:
    from tests.conformance.ffi.http_server import serve

    atexit.register(_OPEN.close)  # before the threads are stopped: ending the server waits for its thread
    return str(_OPEN.enter_context(serve()))


def http_base(case: Case) -> str:
    """The URL of the local server for cases about HTTP, without a slash at the end; else nothing."""
    return _http_base() if case.topic == "http" else ""


def without_address(text: str, base: str) -> str:
    """Text that does not depend on the server's port."""
    return text.replace(base, SHOWN_BASE) if base else text


def grants(case: Case) -> dict[str, Any]:
    """Options of the isolate that cases of a topic need besides the usual ones."""
    if case.topic == "http":
        policy = FetchPolicy(origins=("*",), allow_private_addresses=True, timeout_seconds=10.0)
        return {"fetch": HttpFetch(policy)}
    return {}
