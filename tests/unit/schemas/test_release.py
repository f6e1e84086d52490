"""Release manifests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from schemas import _capnp
from schemas.digest import Digest
from schemas.errors import FormatError, UnsupportedVersionError
from schemas.pyodide_extra import PythonSnapshotRelease
from schemas.release import (
    MAX_ARTIFACTS,
    MAX_MANIFEST_BYTES,
    MAX_VARIANTS,
    AbiProfile,
    Artifact,
    Compression,
    Provenance,
    ProvenanceInput,
    ProvenanceTool,
    ReleaseManifest,
    Role,
    check_release_id,
    decode_manifest,
    encode_manifest,
    manifest_digest,
)
from tests.support.schema_samples import CODE, SNAPSHOT, sample_abi, sample_manifest

Change = Callable[[Any], None]
UNPACKED = str(Digest.of(b"unpacked"))


def raw_struct() -> Any:
    return _capnp.struct("release.capnp", "ReleaseManifest")


def changed(change: Change) -> bytes:
    """The sample manifest with a change that our own types would refuse to make."""
    with raw_struct().from_bytes(encode_manifest(sample_manifest())) as reader:
        builder = reader.as_builder()
    change(builder)
    data: bytes = builder.to_bytes()
    return data


def test_round_trip_keeps_everything() -> None:
    assert decode_manifest(encode_manifest(sample_manifest())) == sample_manifest()


def test_equal_manifests_give_equal_bytes() -> None:
    assert encode_manifest(sample_manifest()) == encode_manifest(dataclasses.replace(sample_manifest()))


def test_identity_is_the_digest_of_the_bytes() -> None:
    data = encode_manifest(sample_manifest())
    assert manifest_digest(data) == Digest.of(data)


def test_large_manifests_stay_in_one_segment() -> None:
    flags = tuple("x" * 1000 for _ in range(256))
    data = encode_manifest(dataclasses.replace(sample_manifest(), provenance=Provenance(flags=flags)))
    assert data[:4] == bytes(4)
    assert decode_manifest(data).provenance.flags == flags


def test_release_fields_that_are_not_set_stay_empty() -> None:
    manifest = dataclasses.replace(sample_manifest(), release=PythonSnapshotRelease(pyodide="dev"))
    assert decode_manifest(encode_manifest(manifest)).release == PythonSnapshotRelease(pyodide="dev")


def test_enums_are_those_of_the_schema() -> None:
    artifact = _capnp.struct("release.capnp", "Artifact")
    assert artifact.Role.schema.enumerants == {role.value: at for at, role in enumerate(Role)}
    assert artifact.Compression.schema.enumerants == {item.value: at for at, item in enumerate(Compression)}


def test_artifact_by_role() -> None:
    assert sample_manifest().artifact(Role.SNAPSHOT).digest == SNAPSHOT
    with pytest.raises(FormatError, match="no artifact of role upstreamLock"):
        sample_manifest().artifact(Role.UPSTREAM_LOCK)


@pytest.mark.parametrize("version", [0, 2, 2**32 - 1])
def test_other_format_versions_are_named(version: int) -> None:
    with pytest.raises(UnsupportedVersionError, match=f"found {version}"):
        decode_manifest(changed(lambda manifest: setattr(manifest, "formatVersion", version)))


def test_the_version_is_judged_before_the_content() -> None:
    def change(manifest: Any) -> None:
        manifest.formatVersion = 9
        manifest.releaseId = "../"

    with pytest.raises(UnsupportedVersionError):
        decode_manifest(changed(change))


REFUSED_VALUES: list[tuple[str, Change, str]] = [
    ("release id a path", lambda m: setattr(m, "releaseId", "../etc"), "release id"),
    ("release id empty", lambda m: setattr(m, "releaseId", ""), "release id"),
    ("release id with a newline", lambda m: setattr(m, "releaseId", "a\n"), "release id"),
    ("release id too long", lambda m: setattr(m, "releaseId", "a" * 129), "release id"),
    ("digest of another algorithm", lambda m: setattr(m.artifacts[0], "digest", "md5:00"), "not a digest"),
    ("digest in capitals", lambda m: setattr(m.artifacts[0], "digest", str(CODE).upper()), "not a digest"),
    ("size beyond reason", lambda m: setattr(m.artifacts[0], "size", 2**63), "Artifact.size"),
    ("content size beyond reason", lambda m: setattr(m.artifacts[0], "contentSize", 2**64 - 1), "content_size"),
    ("media type free text", lambda m: setattr(m.artifacts[0], "mediaType", "wasm"), "media_type"),
    ("name with an escape sequence", lambda m: setattr(m.artifacts[0], "name", "\x1b[2J"), "printable"),
    ("text of megabytes", lambda m: setattr(m.artifacts[0], "name", "x" * 5000), "too long"),
    ("role twice", lambda m: setattr(m.artifacts[0], "role", "snapshot"), "at most one"),
    ("uncompressed but different", lambda m: setattr(m.artifacts[0], "compression", "none"), "not compressed"),
    ("variant without a digest", lambda m: setattr(m.artifacts[0].variants[0], "digest", ""), "not a digest"),
    ("variant beyond reason", lambda m: setattr(m.artifacts[0].variants[0], "size", 2**63), "Variant.size"),
    ("base no digest", lambda m: setattr(m.artifacts[0].variants[1], "baseDigest", "x"), "not a digest"),
    ("base beyond reason", lambda m: setattr(m.artifacts[0].variants[1], "baseSize", 2**63), "DeltaBase.size"),
    ("base twice", lambda m: setattr(m.artifacts[0].variants[1], "baseDigest", ""), "a base twice"),
    ("base the artifact", lambda m: setattr(m.artifacts[0].variants[1], "baseDigest", UNPACKED), "itself as a base"),
    ("variants without end", lambda m: m.artifacts[0].init("variants", MAX_VARIANTS + 1), "too many"),
    ("variant with two sizes", lambda m: setattr(m.artifacts[0].variants[0], "digest", str(SNAPSHOT)), "two sizes"),
    ("snapshot type unknown", lambda m: setattr(m.abi, "snapshotType", "universal"), "snapshot type"),
    ("code image missing", lambda m: setattr(m.abi, "codeImage", ""), "not a digest"),
    ("memory beyond wasm", lambda m: setattr(m.abi, "memoryPages", 65537), "memory_pages"),
    ("ABI name missing", lambda m: setattr(m.abi, "name", ""), "AbiProfile.name"),
    ("pyodide version missing", lambda m: setattr(m.release, "pyodide", ""), "pyodide"),
    ("pyodide version a path", lambda m: setattr(m.release, "pyodide", "a/b"), "pyodide"),
    ("snapshot hash not hex", lambda m: setattr(m.release, "baselineSnapshotHash", "x" * 64), "hash"),
    ("integrity of another algorithm", lambda m: setattr(m.release, "integrity", "sha512-AA=="), "integrity"),
    ("created without zone", lambda m: setattr(m.provenance, "created", "2026-08-17T00:00:00"), "created"),
    ("input digest missing", lambda m: setattr(m.provenance.inputs[0], "digest", ""), "not a digest"),
    ("flags without end", lambda m: setattr(m.provenance, "flags", ["x"] * 257), "too many"),
    ("artifacts without end", lambda m: m.init("artifacts", MAX_ARTIFACTS + 1), "too many"),
    ("one digest with two sizes", lambda m: setattr(m.artifacts[0], "digest", str(SNAPSHOT)), "two sizes"),
]


@pytest.mark.parametrize(("reason", "change", "message"), REFUSED_VALUES, ids=[case[0] for case in REFUSED_VALUES])
def test_wrong_values_are_refused(reason: str, change: Change, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode_manifest(changed(change))


GOOD = encode_manifest(sample_manifest())
REFUSED_BYTES = [
    ("empty", b"", "shorter than its frame"),
    ("seven bytes", bytes(7), "shorter than its frame"),
    ("zeros", bytes(8), "not readable"),
    ("cut by a word", GOOD[:-8], "another length"),
    ("cut by a byte", GOOD[:-1], "another length"),
    ("a word too many", GOOD + bytes(8), "another length"),
    ("segments without end", b"\xff" * 64, "too many segments"),
    ("too long", bytes(MAX_MANIFEST_BYTES + 8), "too long"),
    ("JSON", b'{"formatVersion":1} ' * 4, "too many segments"),
    ("text is not UTF-8", GOOD.replace(b"py314-2026.08", b"py314-2026.\xff8"), "not readable"),
    ("text is not terminated", GOOD.replace(b"py314-2026.08\0", b"py314-2026.08!"), "not readable"),
]


@pytest.mark.parametrize(("reason", "data", "message"), REFUSED_BYTES, ids=[case[0] for case in REFUSED_BYTES])
def test_broken_bytes_are_refused(reason: str, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode_manifest(data)


def test_a_role_or_compression_of_the_future_is_refused() -> None:
    at = GOOD.index(b"code.wasm")
    assert at > 0
    broken = 0
    for offset in range(8, len(GOOD), 2):
        if GOOD[offset : offset + 2] != (3).to_bytes(2, "little"):
            continue
        data = GOOD[:offset] + (99).to_bytes(2, "little") + GOOD[offset + 2 :]
        try:
            decode_manifest(data)
        except FormatError as error:
            broken += "role is unknown" in str(error)
    assert broken == 1


def test_a_manifest_beyond_the_limit_is_not_written() -> None:
    tools = tuple(ProvenanceTool(name=f"{at}", version="1", flags=("x" * 1000,) * 256) for at in range(8))
    with pytest.raises(FormatError, match="too long"):
        encode_manifest(dataclasses.replace(sample_manifest(), provenance=Provenance(tools=tools)))


def test_values_check_themselves_when_made() -> None:
    artifact = sample_manifest().artifacts[1]
    for values in ({"size": -1}, {"size": True}, {"media_type": "x"}, {"name": "a\nb"}):
        with pytest.raises(FormatError):
            dataclasses.replace(artifact, **values)
    with pytest.raises(FormatError):
        ProvenanceInput(name="\0", digest=CODE)
    with pytest.raises(FormatError):
        dataclasses.replace(sample_abi(), table_size=2**32)


def test_packages_may_come_several_times() -> None:
    parts = tuple(
        Artifact.uncompressed(Role.PACKAGES, digest=Digest.of(data), size=1, media_type="a/b", name=data.decode())
        for data in (b"x", b"y")
    )
    manifest = dataclasses.replace(sample_manifest(), artifacts=parts)
    assert decode_manifest(encode_manifest(manifest)).artifacts == parts


@pytest.mark.parametrize("release_id", ["a", "3.14-a_b", "A" * 128])
def test_release_ids(release_id: str) -> None:
    check_release_id(release_id)


@pytest.mark.parametrize("release_id", ["", ".a", "-a", "_a", "a b", "ä", "a/b", "A" * 129, "a\0", "٣"])
def test_release_ids_that_are_refused(release_id: str) -> None:
    with pytest.raises(FormatError, match="release id"):
        check_release_id(release_id)


def test_manifests_are_values() -> None:
    assert hash(sample_manifest()) == hash(sample_manifest())
    assert isinstance(sample_manifest(), ReleaseManifest)
    assert isinstance(sample_manifest().abi, AbiProfile)


def test_threads_decode_at_the_same_time() -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(decode_manifest, [GOOD] * 200))
    assert results == [sample_manifest()] * 200
