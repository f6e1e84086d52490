"""Capture: an isolate's state as a snapshot.

The guest must be at rest: no frame on its stack and nothing left to run. Linear memory is taken as it is, but for the
dead part of the shadow stack, which is zeroed so that equal states give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from runtime_core.emscripten.state import capture_state as capture_emscripten
from runtime_core.snapshot.state import STATE_KEY, RuntimeState, StackState
from schemas.errors import CaptureError
from schemas.snapshot_metadata import SnapshotMetadata, SnapshotSettings, SnapshotType

if TYPE_CHECKING:
    from runtime_core.guest import Guest
    from schemas.digest import Digest


def capture_state(
    guest: Guest, *, code_image: Digest, table_size: int, trampoline_slot: int, worker: Mapping[str, object]
) -> RuntimeState:
    """Everything but linear memory; ``worker`` is what the layer above wants back.

    Raises:
        CaptureError: the guest is not at rest, or holds something a snapshot cannot hold.
    """
    instance = guest.instance
    if not guest.js.loop.is_idle:
        raise CaptureError("the guest still has tasks or timers", hint="await them before the capture")
    found = instance.table_size()
    if found != table_size:
        raise CaptureError(
            "the guest added entries to the function table (a loaded library, or a ctypes callback)",
            expected=table_size,
            found=found,
            hint="link the library into the code image",
        )
    return RuntimeState(
        code_image=code_image,
        stack=StackState(
            pointer=instance.global_value("__stack_pointer"),
            base=instance.call("emscripten_stack_get_base") & 0xFFFFFFFF,
            end=instance.call("emscripten_stack_get_end") & 0xFFFFFFFF,
        ),
        table_size=found,
        trampoline_slot=trampoline_slot,
        emscripten=capture_emscripten(guest.emscripten),
        js=guest.js.capture_state(),
        worker=worker,
    )


def capture_memory(guest: Guest, stack: StackState) -> bytes:
    """Linear memory with the dead part of the stack zeroed."""
    memory = guest.instance.memory
    memory.fill(stack.end, stack.pointer - stack.end)
    return memory.read(0, memory.size)


def snapshot_metadata(
    state: RuntimeState, snapshot_type: SnapshotType, *, modules: Iterable[str] = ()
) -> SnapshotMetadata:
    """The metadata a snapshot file carries: workerd's fields, and this runtime's state under its own key.

    ``modules`` are the host modules that must be there before references are made again.
    """
    return SnapshotMetadata(
        js_module_names=tuple(modules),
        settings=SnapshotSettings(
            snapshot_type=snapshot_type,
            baseline_snapshot=snapshot_type is SnapshotType.BASELINE,
        ),
        so_table_bases={},
        extra={STATE_KEY: state.to_json()},
    )
