"""Waiting inside of guest code: ``run_sync`` without stack switching.

An engine with stack switching puts the caller's stack aside. Here the caller stays where it is, and the event loop runs
on top of it until the awaited promise settles. What the loop runs meanwhile gets a thread state of its own, so that
asyncio's current task and the exception being handled are the caller's again afterwards.

Waits therefore end in the reverse of the order they began in (docs/reference/differences.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.engine.interrupts import ensure_wait_room
from runtime_core.js.control import JsThrow, PythonErrorSet
from runtime_core.js.errors import JsError, JsPythonError
from runtime_core.js.promises import NeverSettledError, resolved_promise, run_until_settled
from runtime_core.js.sweep import sweep
from runtime_core.js.values import JsObject, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_DEPTH: Final = 32
"""How many waits may be under way: each takes stack from the guest and from the host."""

MIN_STACK: Final = 1 << 18
"""Bytes of the guest's own stack that must be left for what the loop runs."""

_STACK_POINTER: Final = "__stack_pointer"


class Suspension(JsObject):
    """A caller that waits: its thread state, and the one that the loop uses meanwhile."""

    __slots__ = ("caller", "worker")

    def __init__(self, caller: int, worker: int) -> None:
        super().__init__()
        self.caller = caller
        self.worker = worker


def suspend(js: JsHost) -> Suspension:
    """Put the guest's thread state aside and give the loop a fresh one.

    Raises:
        PythonErrorSet: there are too many waits already, or the guest could not make a thread state.
    """
    try:
        ensure_wait_room()
    except RecursionError:
        raise_runtime_error(js, "run_sync: guest and host called each other too deeply to wait")
        raise PythonErrorSet from None
    stack_left = js.instance.global_value(_STACK_POINTER) - js.guest.emscripten_stack_get_end()
    if js.waits >= MAX_DEPTH or stack_left < MIN_STACK:
        raise_runtime_error(js, f"run_sync: {js.waits} calls wait already, at most {MAX_DEPTH} can wait at once")
        raise PythonErrorSet
    guest = js.guest
    if guest.enter_promising_task() != 0:
        raise PythonErrorSet
    worker = guest.captureThreadState()  # the caller's is current again, and Pyodide's own bookkeeping empty
    caller = guest.PyThreadState_Swap(worker)
    js.waits += 1
    return Suspension(caller, worker)


def resume(js: JsHost, suspension: Suspension) -> None:
    """Undo :func:`suspend`."""
    js.waits -= 1
    guest = js.guest
    guest.PyThreadState_Swap(suspension.caller)
    guest.PyThreadState_Clear(suspension.worker)
    guest.PyThreadState_Delete(suspension.worker)
    js.may_wait = True


def wait(js: JsHost, promise: JsValue) -> JsValue:
    """Run the loop of a suspended guest until a promise settles; returns its value.

    Raises:
        JsThrow: the promise was rejected.
        NeverSettledError: nothing is scheduled that could settle it.
    """
    awaited = resolved_promise(js.loop, promise)
    awaited.subscribe(lambda _value: None, lambda reason: _keep_exception(js, reason))
    pinned = js.refs.pin(js.guest.runtime_settle(0))
    try:
        return run_until_settled(awaited, after_task=lambda: _tidy(js))
    finally:
        js.refs.unpin(pinned)


def _keep_exception(js: JsHost, reason: JsValue) -> None:
    """Hold the Python exception that a rejection stands for: other tasks may fail before the caller gets to see it."""
    guest = js.guest
    if isinstance(reason, JsPythonError) and guest.restore_sys_last_exception(reason.address):
        js.kept_exceptions.append((reason, guest.PyErr_GetRaisedException()))


def _raise_reason(js: JsHost, reason: JsValue) -> None:
    """Set the guest's error for a rejection: the very exception if it was kept."""
    kept = [entry for entry in js.kept_exceptions if entry[0] is reason]
    if not kept:
        js.set_guest_error(reason)
        return
    js.kept_exceptions.remove(kept[0])
    js.guest.PyErr_SetRaisedException(kept[0][1])


def wait_suspended(js: JsHost, promise: JsValue) -> JsValue:
    """The same from a host function that the guest called: suspends the guest first.

    Raises:
        JsThrow: the promise was rejected, or the guest cannot be suspended.
        NeverSettledError: nothing is scheduled that could settle it.
    """
    try:
        suspension = suspend(js)
    except PythonErrorSet:
        js.throw_python_error()
    may_wait = js.may_wait
    try:
        return wait(js, promise)
    finally:
        if not js.instance.poisoned:
            resume(js, suspension)
            js.may_wait = may_wait


def _tidy(js: JsHost) -> None:
    """Housekeeping between tasks: no guest code runs, and what suspended callers hold is pinned."""
    js.loop.run_microtasks()
    while js.releases:
        js.guest.Py_DecRef(js.releases.popleft())
    if js.refs.sweep_is_due or js.buffer_budget.sweep_is_due:
        sweep(js)
        js.buffer_budget.note_sweep()


def raise_runtime_error(js: JsHost, message: str) -> None:
    """Set the guest's error indicator to a RuntimeError."""
    kind = js.memory.read_u32(js.instance.global_value("PyExc_RuntimeError"))
    text = js.new_utf8(message)
    js.guest.PyErr_SetString(kind, text)
    js.guest.free(text)


# ---- the imports of run_sync


def save_state(js: JsHost) -> JsValue:
    """Suspend the caller of run_sync; fails where its entry into the guest does not allow it."""
    if not js.may_wait:
        raise PythonErrorSet
    return suspend(js)


def syncify(js: JsHost, suspender: JsValue, promise: JsValue) -> JsValue:
    """Wait for what run_sync was given. A failure is kept for :func:`raise_failure`, when the caller is back."""
    try:
        return wait(js, promise if suspender is None else suspender)
    except JsThrow as thrown:
        js.wait_failure = thrown
    except NeverSettledError as error:
        js.wait_failure = error
    except RecursionError:
        js.wait_failure = JsThrow(JsError("RangeError", "Maximum call stack size exceeded"))
    raise PythonErrorSet


def restore_state(js: JsHost, suspension: JsValue) -> None:
    """Take the caller of run_sync up again."""
    if isinstance(suspension, Suspension):
        resume(js, suspension)


def raise_failure(js: JsHost) -> None:
    """Set the guest's error for what went wrong in :func:`syncify`."""
    failure, js.wait_failure = js.wait_failure, None
    if isinstance(failure, JsThrow):
        _raise_reason(js, failure.value)
    elif failure is not None:
        raise_runtime_error(js, f"run_sync: {failure.message}")
