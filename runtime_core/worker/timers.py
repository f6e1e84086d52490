"""Timers that were cancelled: asyncio's event loop lets them run out, and they do nothing then.

``asyncio.wait_for``, ``asyncio.timeout`` and ``asyncio.sleep`` in a cancelled task leave such timers behind. They keep
no guest from being captured.
"""

from __future__ import annotations

from importlib.resources import files

from runtime_core.guest import Guest
from runtime_core.js.pyproxy import PyProxy, call_object, new_proxy
from runtime_core.js.pyproxy_imports import OnceCallable
from runtime_core.js.values import JsValue
from schemas.errors import HostError


def drop_cancelled_timers(guest: Guest) -> None:
    """Forget the timers whose handle was cancelled; does nothing where no timer is set.

    Raises:
        HostError: the code that asks the guest for them does not work.
    """
    js = guest.js
    if js.loop.is_idle:
        return
    source = files(__package__).joinpath("guest", "_timers.py").read_text()
    question = js.run(f"_timers = {{}}\nexec({source!r}, _timers)\n_timers.pop('is_cancelled')")
    if not isinstance(question, PyProxy):
        raise HostError("the code that looks for cancelled timers is not as expected", found=repr(question))

    def ask(pointer: int) -> bool:
        scheduled = new_proxy(js, pointer)
        try:
            return call_object(js, question.pointer, (scheduled,)) is True
        finally:
            scheduled.destroy()

    def is_cancelled(subject: JsValue) -> bool:
        return isinstance(subject, OnceCallable) and bool(subject.pointer) and js.perform(ask, subject.pointer)

    js.loop.cancel_where(is_cancelled)
    question.destroy()
    js.run("del _timers")
