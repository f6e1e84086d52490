"""A snapshot made ready for copy-on-write: its memory as a compiled image, its state parsed.

Preparing costs about a second and is done once per machine. What is kept is a small record, named by the snapshot's
digest, that holds the runtime's state and the digest of the snapshot image; the image itself lies in the code cache.
The record carries its own sha256, so that a damaged one is made anew instead of used.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.module import CompiledModule
from runtime_core.snapshot.state import STATE_KEY, RuntimeState
from runtime_core.wasm.dataimage import build_blank_image, build_data_image
from schemas import strict_json
from schemas.digest import Digest
from schemas.errors import FormatError, PlatformError
from schemas.snapshot_codec import Snapshot, decode_snapshot
from schemas.snapshot_metadata import SnapshotType

PAGE_BYTES: Final = 65536


class RestoreMode(Enum):
    """How a restore fills memory."""

    COPY_ON_WRITE = "copy-on-write"
    """Map the image: well under a millisecond, untouched pages are shared. Preparing takes about a second, once."""
    COPY = "copy"
    """Copy the heap: some 10 ms and all of its memory for each isolate, with next to nothing to prepare."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedSnapshot:
    """The compiled image and the state that goes with it.

    ``snapshot_type`` is what the file says of itself, ``memory_pages`` the length of memory in 64 KiB pages; ``heap``
    is what a restore copies over an empty image.
    """

    image: CompiledModule
    state: RuntimeState
    snapshot_type: SnapshotType
    memory_pages: int
    heap: memoryview | None = None


def prepare_snapshot(
    digest: Digest, read: Callable[[], bytes], *, engine: Engine, cache: CodeCache, records: Path
) -> PreparedSnapshot:
    """Take a snapshot from the node's caches, or make it ready from its bytes.

    ``read`` is called only if the caches cannot serve, and must return verified bytes.

    Raises:
        FormatError: the bytes are not a snapshot with this runtime's state.
        HostError: the caches cannot be used.
    """
    record = records / f"{digest.hex}.json"
    prepared = _from_record(record, engine, cache)
    if prepared is not None:
        return prepared
    snapshot, state = _decode(read())
    image = engine.load(build_data_image(snapshot.heap), cache)
    pages = len(snapshot.heap) // PAGE_BYTES
    prepared = PreparedSnapshot(
        image=image, state=state, snapshot_type=snapshot.metadata.settings.snapshot_type, memory_pages=pages
    )
    _write_record(record, prepared)
    return prepared


def prepare_copy(data: bytes, *, engine: Engine, cache: CodeCache) -> PreparedSnapshot:
    """Make a snapshot's verified bytes ready for restores by copy.

    Raises:
        FormatError: the bytes are not a snapshot with this runtime's state.
        HostError: the cache cannot be used.
    """
    snapshot, state = _decode(data)
    blank = engine.load(build_blank_image(len(snapshot.heap)), cache)
    return PreparedSnapshot(
        image=blank,
        state=state,
        snapshot_type=snapshot.metadata.settings.snapshot_type,
        memory_pages=len(snapshot.heap) // PAGE_BYTES,
        heap=snapshot.heap,
    )


def _decode(data: bytes) -> tuple[Snapshot, RuntimeState]:
    snapshot = decode_snapshot(data)
    document = snapshot.metadata.extra.get(STATE_KEY)
    if document is None:
        raise FormatError(
            f"the snapshot has no {STATE_KEY} state: another runtime wrote it",
            expected=STATE_KEY,
            found=ascii(sorted(snapshot.metadata.extra))[:120],
            hint="use a release that was built with this runtime",
        )
    return snapshot, RuntimeState.from_json(document)


def _from_record(path: Path, engine: Engine, cache: CodeCache) -> PreparedSnapshot | None:
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if head != Digest.of(body).hex.encode():
        return None
    try:
        document = strict_json.loads(body, what="prepared snapshot")
        if not isinstance(document, dict) or not isinstance(document.get("pages"), int):
            return None
        state = RuntimeState.from_json(document.get("state"))
        snapshot_type = SnapshotType(str(document.get("type")))
        image = engine.load_by_digest(Digest.parse(str(document.get("image"))), cache)
    except (PlatformError, ValueError):
        return None  # of another version of this runtime: made anew
    if image is None:
        return None
    return PreparedSnapshot(image=image, state=state, snapshot_type=snapshot_type, memory_pages=document["pages"])


def _write_record(path: Path, prepared: PreparedSnapshot) -> None:
    document = {
        "state": prepared.state.to_json(),
        "image": str(prepared.image.digest),
        "type": prepared.snapshot_type.value,
        "pages": prepared.memory_pages,
    }
    body = json.dumps(document).encode()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Digest.of(body).hex.encode() + b"\n" + body)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
