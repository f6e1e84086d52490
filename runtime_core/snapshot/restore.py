"""Restore: a guest from a prepared snapshot, its memory mapped copy-on-write or copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime_core.emscripten.clock import sleeper
from runtime_core.emscripten.host import HostServices
from runtime_core.emscripten.mounts import Mount
from runtime_core.emscripten.state import HostTemplate
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.limits import Limits, WaitBudget
from runtime_core.engine.module import Program
from runtime_core.guest import Guest
from runtime_core.js.restore import JsState
from runtime_core.snapshot.prepared import PreparedSnapshot
from runtime_core.snapshot.state import RuntimeState
from schemas.errors import RestoreError


class GuestTemplate:
    """Everything that restores of one snapshot share. Immutable, thread-safe.

    Raises:
        RestoreError: the snapshot's state is not one that this runtime writes, or a mount it needs is missing.
    """

    def __init__(self, *, snapshot: PreparedSnapshot, mounts: Sequence[Mount]) -> None:
        self._image = snapshot.image
        self._heap = snapshot.heap
        self._state = snapshot.state
        self._js = JsState.parse(snapshot.state.js)
        self._emscripten = HostTemplate.parse(snapshot.state.emscripten, {mount.name: mount for mount in mounts})

    @property
    def state(self) -> RuntimeState:
        """The captured state; its ``worker`` part is for the layer above, which takes it up itself."""
        return self._state

    def restore(
        self,
        program: Program,
        *,
        services: HostServices,
        limits: Limits,
        modules: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Guest:
        """A fresh guest in the captured state; ``modules`` are the host modules that the state may refer to.

        Raises:
            RestoreError: the snapshot does not fit the code image.
            FatalIsolateError: the guest trapped.
        """
        state = self._state
        sleep = None
        if limits.wait_seconds is not None:
            sleep = WaitBudget(limits.wait_seconds, sleeper(services.clock)).sleep
        instance = program.instantiate(self._image, limits)
        try:
            if self._heap is not None:
                instance.memory.write(0, self._heap)
            guest = Guest(instance, self._emscripten.instantiate(services), sleep=sleep)
            _restore_stack(instance, state)
            for name, members in (modules or {}).items():
                guest.js.add_module(name, members)
            self._js.restore(guest.js)
        except BaseException:
            instance.close()
            raise
        return guest


def _restore_stack(instance: GuestInstance, state: RuntimeState) -> None:
    """Put back the shadow stack's pointer and limits, which are globals of the module and not in memory."""
    size = instance.table_size()
    if size != state.table_size:
        raise RestoreError("the function table is another one", expected=state.table_size, found=size)
    instance.set_global("__stack_pointer", state.stack.pointer)
    instance.call("emscripten_stack_set_limits", state.stack.base, state.stack.end)
