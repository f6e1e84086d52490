"""Native stack for guests: enough of it, or a clear refusal, never a crash.

Guest frames lie on the stack of the thread that entered the guest. The engine traps a guest whose frames take more than
``max_wasm_stack`` bytes, counted from where the thread entered it; the thread must have that much left, and what host
functions need on top, or the process would die of SIGSEGV before the engine's check.
"""

from __future__ import annotations

import ctypes
import resource
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from schemas.errors import HostError

HOST_RESERVE_BYTES: Final = 4 << 20
"""Kept free for host functions, which run below the guest's deepest frame."""

DEFAULT_WASM_STACK_BYTES: Final = 16 << 20
"""Enough for CPython's own limit on Python frames, and for repr or dealloc of 30,000 nested containers.

CPython's check of C recursion sees the shadow stack alone, so what nests deeper than this traps: LimitError.
"""

GUEST_THREAD_STACK_BYTES: Final = 64 << 20
"""For threads that enter guests: room for three isolates entered from within each other. Only touched pages cost."""


class _PosixAttributes(ctypes.Structure):
    # pthread_attr_t: 56 bytes with glibc and musl on 64-bit machines; a margin costs nothing.
    _fields_ = [("opaque", ctypes.c_uint64 * 16)]


def thread_stack_bytes() -> int:
    """The size of the calling thread's stack.

    Raises:
        HostError: the system does not tell.
    """
    libc = ctypes.CDLL(None)
    libc.pthread_self.restype = ctypes.c_void_p
    thread = ctypes.c_void_p(libc.pthread_self())
    if not hasattr(libc, "pthread_getattr_np"):  # macOS
        libc.pthread_get_stacksize_np.restype = ctypes.c_size_t
        return int(libc.pthread_get_stacksize_np(thread))
    attributes = _PosixAttributes()
    address, size = ctypes.c_void_p(), ctypes.c_size_t()
    pointer = ctypes.byref(attributes)
    if libc.pthread_getattr_np(thread, pointer) != 0:
        raise HostError("cannot find the size of this thread's stack")
    failed = libc.pthread_attr_getstack(pointer, ctypes.byref(address), ctypes.byref(size))
    libc.pthread_attr_destroy(pointer)
    if failed:
        raise HostError("cannot find the size of this thread's stack")
    return size.value


def _raise_main_thread_limit(wanted: int) -> None:
    """Let the main thread's stack grow to ``wanted`` bytes.

    The kernel grows that stack on demand up to the soft limit of the moment, so raising the limit is enough.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_STACK, (allowed, hard))


def ensure_stack(wasm_stack_bytes: int) -> int:
    """Make sure that the calling thread can run a guest; returns how many bytes guests may use in all.

    On the main thread the soft limit is raised if it is too small (children inherit it).

    Raises:
        HostError: the thread's stack is too small.
    """
    needed = wasm_stack_bytes + HOST_RESERVE_BYTES
    if sys.platform == "linux" and threading.current_thread() is threading.main_thread():
        _raise_main_thread_limit(max(needed, GUEST_THREAD_STACK_BYTES))
    size = thread_stack_bytes()
    if size < needed:
        raise HostError(
            "this thread's stack is too small to run a guest",
            expected=f">= {needed} bytes",
            found=size,
            hint="call threading.stack_size(runtime_core.engine.stack.GUEST_THREAD_STACK_BYTES) before the thread is "
            "started, or raise `ulimit -s` for the main thread",
        )
    return size - HOST_RESERVE_BYTES


def start_guest_thread(target: Callable[..., object], *args: Any, name: str | None = None) -> threading.Thread:
    """Start a daemon thread whose stack is large enough for guests."""
    with _STACK_SIZE_LOCK:
        before = threading.stack_size(GUEST_THREAD_STACK_BYTES)
        try:
            thread = threading.Thread(target=target, args=args, name=name, daemon=True)
            thread.start()
        finally:
            threading.stack_size(before)
    return thread


_STACK_SIZE_LOCK: Final = threading.Lock()
