"""What an embedder grants a guest that may use the network: a function from requests to replies.

The guest's ``fetch`` and ``XMLHttpRequest`` end here. Nothing is granted by default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

MAX_RUNNING: Final = 6
"""Requests of one isolate under way at the same time, as browsers limit them per host; others wait for their turn."""
MAX_WAITING: Final = 1_024
"""Requests of one isolate that may wait for their turn; further ones fail."""

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """What the guest asks for. All of it is the guest's choice: check it before acting on it.

    ``url`` is absolute, its scheme ``http`` or ``https``, without credentials and fragment. Names and values of
    ``headers`` hold no line breaks. ``redirect`` is ``follow``, ``manual`` or ``error``. ``cancelled`` tells whether
    the guest has lost interest.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes | None = None
    redirect: str = "follow"
    cancelled: Callable[[], bool] = field(default=lambda: False, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchReply:
    """An answer; ``url`` is where it came from in the end."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""
    url: str = ""
    redirected: bool = False


class FetchFailedError(Exception):
    """Raised by the embedder's function where no answer can be had: the guest sees a network error with this text.

    ``code`` is what node calls it (``ECONNREFUSED``), if there is such a name.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


Fetch: TypeAlias = Callable[[FetchRequest], FetchReply]
"""Called in a thread of its own for each asynchronous request, in the caller's for a synchronous one."""
