"""Control flow that leaves the guest on purpose."""

from __future__ import annotations


class GuestUnwind(Exception):  # noqa: N818 - not an error: control flow that unwinds the guest's stack
    """Raised by a host function to leave the guest for good.

    It passes through the guest as a trap, and the call that entered the guest raises the same object. The instance
    cannot be entered again: a trap leaves the guest's stack pointer and its locks as they were.
    """


class GuestExit(GuestUnwind):
    """The guest ended its process (WASI ``proc_exit``) with ``status``."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the guest exited with status {status}")
        self.status = status
