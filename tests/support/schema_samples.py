"""Well-formed values of every format, for tests to encode, change and break."""

from __future__ import annotations

import struct

from schemas.digest import Digest
from schemas.pyodide_extra import PythonSnapshotRelease, integrity
from schemas.release import (
    AbiProfile,
    Artifact,
    Compression,
    DeltaBase,
    Provenance,
    ProvenanceInput,
    ProvenanceTool,
    ReleaseManifest,
    Role,
    Variant,
)
from schemas.snapshot_metadata import SnapshotMetadata, SnapshotSettings, SnapshotType

CODE = Digest.of(b"code image")
SNAPSHOT = Digest.of(b"snapshot")
STDLIB = Digest.of(b"stdlib")
MINIMAL_JSON = (
    b'{"version":1,"dsoHandles":{},"jsModuleNames":[],"settings":{"baselineSnapshot":true,"snapshotType":"baseline",'
    b'"compatFlags":{}},"soMemoryBases":{},"soTableBases":{},"loadOrder":[]}'
)
"""The smallest metadata workerd writes."""


def sample_abi() -> AbiProfile:
    return AbiProfile(
        name="pyemscripten_2026_0",
        pyodide_version="314.0.5",
        python_version="3.14",
        snapshot_type=SnapshotType.BASELINE,
        code_image=CODE,
        table_size=14173,
        trampoline_slot=14172,
        memory_pages=480,
        stack_pointer=5242880,
        runtime_state=1,
    )


def sample_manifest() -> ReleaseManifest:
    """A manifest that uses every field."""
    return ReleaseManifest(
        release_id="py314-2026.08",
        release=PythonSnapshotRelease(
            pyodide="314.0.5",
            pyodide_revision="2026-08-17",
            packages="20250808",
            backport=1,
            baseline_snapshot_hash=SNAPSHOT.hex,
            field_name="unused",
            flag_name="pythonWorkers20260817",
            real_pyodide_version="314.0.5",
            integrity=integrity(Digest.of(b"bundle")),
        ),
        artifacts=(
            Artifact(
                role=Role.CODE_IMAGE,
                digest=CODE,
                size=10,
                media_type="application/wasm",
                name="code.wasm",
                content_digest=Digest.of(b"unpacked"),
                content_size=8,
                compression=Compression.ZSTD,
                variants=(
                    Variant(digest=Digest.of(b"frame"), size=7),
                    Variant(digest=Digest.of(b"delta"), size=5, base=DeltaBase(digest=STDLIB, size=12)),
                ),
            ),
            Artifact.uncompressed(
                Role.SNAPSHOT, digest=SNAPSHOT, size=8, media_type="application/octet-stream", name="snapshot.bin"
            ),
        ),
        abi=sample_abi(),
        provenance=Provenance(
            inputs=(ProvenanceInput(name="pyodide-314.0.5.tgz", digest=Digest.of(b"tarball")),),
            tools=(ProvenanceTool(name="wasm-opt", version="124", flags=("--translate-to-exnref",)),),
            created="2026-08-17T00:00:00Z",
            flags=("baseline",),
        ),
    )


def sample_metadata() -> SnapshotMetadata:
    """Metadata that uses every field."""
    return SnapshotMetadata(
        settings=SnapshotSettings(
            snapshot_type=SnapshotType.DEDICATED,
            baseline_snapshot=False,
            compat_flags={"python_workers": True, "nodejs_compat": False},
            extra={"later": 1},
        ),
        dso_handles={"/usr/lib/libssl.so": (5242880, 4294967295)},
        hiwire={"hiwireKeys": [None, {"path": ["a"]}], "immortalKeys": ["x"]},
        js_module_names=("global this", "cloudflare:workers"),
        so_memory_bases={"/usr/lib/libssl.so": 123456, "libssl.so": 123456},
        so_table_bases={"libssl.so": 14173},
        load_order=("/usr/lib/libssl.so",),
        extra={"runtimeState": {"version": 1, "values": [1, 2.5, "three", None, True]}},
    )


def snapshot_file(
    metadata: bytes = MINIMAL_JSON,
    *,
    magic: int = 0x706E7300,
    version: int = 2,
    heap_offset: int | None = None,
    json_bytes: int | None = None,
    heap: bytes = bytes(65536),
) -> bytes:
    """A snapshot made by hand, right or wrong. Without ``heap_offset`` the heap follows the metadata at once."""
    head_bytes = 16 + len(metadata)
    offset = head_bytes if heap_offset is None else heap_offset
    header = struct.pack("<IIII", magic, version, offset, len(metadata) if json_bytes is None else json_bytes)
    return (header + metadata).ljust(min(offset, 1 << 20), b"\0") + heap
