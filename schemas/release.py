"""Release manifests: typed values <-> Cap'n Proto bytes (``release.capnp``).

The identity of a release is the sha256 of its manifest's stored bytes. A manifest is therefore never encoded again
after it was published: pass the bytes around and decode them where the values are needed. All values check their form
when they are made, so a :class:`ReleaseManifest` is well formed wherever it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from schemas import _capnp, _checks
from schemas.digest import Digest
from schemas.errors import FormatError, UnsupportedVersionError
from schemas.pyodide_extra import PythonSnapshotRelease, read_release, release_values
from schemas.snapshot_metadata import SnapshotType

FORMAT_VERSION: Final = 1
MAX_MANIFEST_BYTES: Final = 1024 * 1024
MAX_ARTIFACTS: Final = 256
MAX_ARTIFACT_BYTES: Final = 2**34
MAX_VARIANTS: Final = 16
_MAX_INPUTS: Final = 1024
_MAX_TOOLS: Final = 64
_MAX_FLAGS: Final = 256
_MAX_PAGES: Final = 65536
_MAX_UINT32: Final = 2**32 - 1
_FILE: Final = "release.capnp"
_STRUCT: Final = "ReleaseManifest"

_RELEASE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.ASCII)
_CREATED: Final = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)?", re.ASCII)


class Role(Enum):
    """What an artifact is for; values are the schema's names, in the schema's order."""

    UPSTREAM_WASM = "upstreamWasm"
    """pyodide.asm.wasm, byte for byte."""
    UPSTREAM_STDLIB = "upstreamStdlib"
    """python_stdlib.zip, byte for byte."""
    UPSTREAM_LOCK = "upstreamLock"
    """pyodide-lock.json, byte for byte."""
    CODE_IMAGE = "codeImage"
    """Translated and linked wasm; compiled on the node that runs it."""
    SNAPSHOT = "snapshot"
    """Linear memory and metadata (:mod:`schemas.snapshot_codec`)."""
    PACKAGES = "packages"
    """Package files; the only role a release may have several of."""
    WORKER = "worker"
    """The worker's own files, in a release whose snapshot is dedicated to it."""


class Compression(Enum):
    """How the stored bytes are compressed; values are the schema's names, in the schema's order."""

    NONE = "none"
    ZSTD = "zstd"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeltaBase:
    """Content that a delta starts from."""

    digest: Digest
    size: int

    def __post_init__(self) -> None:
        _checks.in_range("DeltaBase.size", self.size, 0, MAX_ARTIFACT_BYTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A blob that unpacks to the content of an artifact: one zstd frame (:mod:`schemas.compression`).

    With a ``base`` it is a delta, of use to those who have the base.
    """

    digest: Digest
    size: int
    base: DeltaBase | None = None

    def __post_init__(self) -> None:
        _checks.in_range("Variant.size", self.size, 0, MAX_ARTIFACT_BYTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """One blob of a release. ``digest`` and ``size`` are of the stored bytes, ``content_*`` of what they unpack to."""

    role: Role
    digest: Digest
    size: int
    media_type: str
    name: str
    """What the publisher called it, for people; never a path to write to."""
    content_digest: Digest
    content_size: int
    compression: Compression = Compression.NONE
    variants: tuple[Variant, ...] = ()
    """Cheaper ways to the same content. Whoever knows none of them takes the artifact itself."""

    def __post_init__(self) -> None:
        _checks.in_range("Artifact.size", self.size, 0, MAX_ARTIFACT_BYTES)
        _checks.in_range("Artifact.content_size", self.content_size, 0, MAX_ARTIFACT_BYTES)
        _checks.matches("Artifact.media_type", self.media_type, _MEDIA_TYPE, "type/subtype in lower case")
        _checks.printable("Artifact.name", self.name, max_length=255)
        _checks.at_most("Artifact.variants", len(self.variants), MAX_VARIANTS)
        bases = [variant.base.digest if variant.base is not None else None for variant in self.variants]
        if len(set(bases)) != len(bases):
            raise FormatError("Artifact.variants names a base twice")
        if self.content_digest in bases:
            raise FormatError("Artifact.variants names the artifact itself as a base", found=str(self.content_digest))
        plain = (self.digest, self.size)
        if self.compression is Compression.NONE and (self.content_digest, self.content_size) != plain:
            raise FormatError(
                f"artifact {self.name!r} is not compressed, but its content differs from its stored bytes"
            )

    @classmethod
    def uncompressed(cls, role: Role, *, digest: Digest, size: int, media_type: str, name: str) -> Artifact:
        """An artifact whose stored bytes are its content."""
        return cls(
            role=role,
            digest=digest,
            size=size,
            media_type=media_type,
            name=name,
            content_digest=digest,
            content_size=size,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AbiProfile:
    """What the runtime must provide to run the code image; asserted before a byte of it is executed."""

    name: str
    """E.g. pyemscripten_2026_0."""
    pyodide_version: str
    python_version: str
    snapshot_type: SnapshotType
    code_image: Digest
    """Digest of the code image that the snapshot was captured with."""
    table_size: int
    """Function table entries once booted."""
    trampoline_slot: int
    """Slot of the call trampoline in the function table."""
    memory_pages: int
    """64 KiB pages of the snapshot."""
    stack_pointer: int
    """``__stack_pointer`` at capture."""
    runtime_state: int
    """Version of this runtime's extra snapshot state."""

    def __post_init__(self) -> None:
        for name in ("name", "pyodide_version", "python_version"):
            _checks.matches(f"AbiProfile.{name}", getattr(self, name), _VERSION, "a name or version")
        for name in ("table_size", "trampoline_slot", "stack_pointer", "runtime_state"):
            _checks.in_range(f"AbiProfile.{name}", getattr(self, name), 0, _MAX_UINT32)
        _checks.in_range("AbiProfile.memory_pages", self.memory_pages, 0, _MAX_PAGES)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenanceInput:
    """Something a release was made from."""

    name: str
    digest: Digest

    def __post_init__(self) -> None:
        _checks.printable("ProvenanceInput.name", self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenanceTool:
    """A program that took part in making a release."""

    name: str
    version: str
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _checks.at_most("ProvenanceTool.flags", len(self.flags), _MAX_FLAGS)
        for text in (self.name, self.version, *self.flags):
            _checks.printable("ProvenanceTool", text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """How a release was made: enough to make it again."""

    inputs: tuple[ProvenanceInput, ...] = ()
    tools: tuple[ProvenanceTool, ...] = ()
    created: str = ""
    """RFC 3339 in UTC (``...Z``), or empty; fixed by whoever wants equal bytes from equal inputs."""
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _checks.at_most("Provenance.inputs", len(self.inputs), _MAX_INPUTS)
        _checks.at_most("Provenance.tools", len(self.tools), _MAX_TOOLS)
        _checks.at_most("Provenance.flags", len(self.flags), _MAX_FLAGS)
        _checks.matches("Provenance.created", self.created, _CREATED, "YYYY-MM-DDThh:mm:ssZ")
        for text in self.flags:
            _checks.printable("Provenance.flags", text)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseManifest:
    """A release: immutable, named by ``release_id`` and by the digest of its encoded bytes."""

    release_id: str
    release: PythonSnapshotRelease
    artifacts: tuple[Artifact, ...]
    abi: AbiProfile
    provenance: Provenance = Provenance()

    def __post_init__(self) -> None:
        check_release_id(self.release_id)
        _checks.at_most("ReleaseManifest.artifacts", len(self.artifacts), MAX_ARTIFACTS)
        roles = [artifact.role for artifact in self.artifacts if artifact.role is not Role.PACKAGES]
        twice = sorted({role.value for role in roles if roles.count(role) > 1})
        if twice:
            raise FormatError("a release has at most one artifact of this role", found=", ".join(twice))
        sizes: dict[Digest, int] = {}
        for digest, size in self._named_blobs():
            if sizes.setdefault(digest, size) != size:
                raise FormatError(f"one digest with two sizes: {digest}")

    def blobs(self) -> dict[Digest, int]:
        """Every blob that is stored for this release and its size: artifacts and their variants, not the bases."""
        return dict(self._named_blobs())

    def _named_blobs(self) -> Iterator[tuple[Digest, int]]:
        for artifact in self.artifacts:
            yield artifact.digest, artifact.size
            for variant in artifact.variants:
                yield variant.digest, variant.size

    def artifact(self, role: Role) -> Artifact:
        """The artifact of a role (the first, for packages).

        Raises:
            FormatError: the release has none.
        """
        for artifact in self.artifacts:
            if artifact.role is role:
                return artifact
        raise FormatError(f"release {self.release_id} has no artifact of role {role.value}")


def check_release_id(release_id: str) -> None:
    """Refuse what cannot name a release.

    Raises:
        FormatError: not 1 to 128 of ``A-Z a-z 0-9 . _ -``, or the first is not a letter or digit.
    """
    _checks.matches("release id", release_id, _RELEASE_ID, "1 to 128 of A-Z a-z 0-9 . _ -, first a letter or digit")


def manifest_digest(data: bytes) -> Digest:
    """The identity of a release: the digest of its manifest's stored bytes."""
    return Digest.of(data)


def encode_manifest(manifest: ReleaseManifest) -> bytes:
    """The bytes to store, hash and sign. Equal manifests give equal bytes.

    Raises:
        FormatError: longer than 1 MiB.
    """
    values = {
        "formatVersion": FORMAT_VERSION,
        "releaseId": manifest.release_id,
        "release": release_values(manifest.release),
        "artifacts": [_artifact_values(artifact) for artifact in manifest.artifacts],
        "abi": _abi_values(manifest.abi),
        "provenance": _provenance_values(manifest.provenance),
    }
    return _capnp.encode(_FILE, _STRUCT, values, max_bytes=MAX_MANIFEST_BYTES)


def decode_manifest(data: bytes) -> ReleaseManifest:
    """Read a manifest, whoever sent it.

    Raises:
        UnsupportedVersionError: a manifest of a format this build does not know.
        FormatError: anything else that is not a manifest.
    """
    with _capnp.decode(_FILE, _STRUCT, data, max_bytes=MAX_MANIFEST_BYTES) as root:
        version = root.integer("formatVersion")
        if version != FORMAT_VERSION:
            hint = "a newer release of this software may read it" if version > FORMAT_VERSION else None
            raise UnsupportedVersionError("manifest format version", expected=FORMAT_VERSION, found=version, hint=hint)
        return ReleaseManifest(
            release_id=_text(root, "releaseId"),
            release=read_release(root.struct("release")),
            artifacts=tuple(_artifact(item) for item in root.structs("artifacts", limit=MAX_ARTIFACTS)),
            abi=_abi(root.struct("abi")),
            provenance=_provenance(root.struct("provenance")),
        )


def _artifact_values(artifact: Artifact) -> dict[str, object]:
    return {
        "role": artifact.role.value,
        "digest": str(artifact.digest),
        "size": artifact.size,
        "mediaType": artifact.media_type,
        "compression": artifact.compression.value,
        "name": artifact.name,
        "contentDigest": str(artifact.content_digest),
        "contentSize": artifact.content_size,
        "variants": [_variant_values(variant) for variant in artifact.variants],
    }


def _variant_values(variant: Variant) -> dict[str, object]:
    values: dict[str, object] = {"digest": str(variant.digest), "size": variant.size}
    if variant.base is not None:
        values |= {"baseDigest": str(variant.base.digest), "baseSize": variant.base.size}
    return values


def _artifact(reader: _capnp.Reader) -> Artifact:
    return Artifact(
        role=reader.enumerant("role", tuple(Role)),
        digest=_digest(reader, "digest"),
        size=reader.integer("size"),
        media_type=_text(reader, "mediaType"),
        compression=reader.enumerant("compression", tuple(Compression)),
        name=_text(reader, "name"),
        content_digest=_digest(reader, "contentDigest"),
        content_size=reader.integer("contentSize"),
        variants=tuple(_variant(item) for item in reader.structs("variants", limit=MAX_VARIANTS)),
    )


def _variant(reader: _capnp.Reader) -> Variant:
    base = None
    if _text(reader, "baseDigest"):
        base = DeltaBase(digest=_digest(reader, "baseDigest"), size=reader.integer("baseSize"))
    return Variant(digest=_digest(reader, "digest"), size=reader.integer("size"), base=base)


def _abi_values(abi: AbiProfile) -> dict[str, object]:
    return {
        "name": abi.name,
        "pyodideVersion": abi.pyodide_version,
        "pythonVersion": abi.python_version,
        "snapshotType": abi.snapshot_type.value,
        "codeImage": str(abi.code_image),
        "tableSize": abi.table_size,
        "trampolineSlot": abi.trampoline_slot,
        "memoryPages": abi.memory_pages,
        "stackPointer": abi.stack_pointer,
        "runtimeState": abi.runtime_state,
    }


def _abi(reader: _capnp.Reader) -> AbiProfile:
    kind = _text(reader, "snapshotType")
    if kind not in tuple(SnapshotType):
        raise FormatError("unknown snapshot type", expected=" or ".join(SnapshotType), found=ascii(kind)[:80])
    return AbiProfile(
        name=_text(reader, "name"),
        pyodide_version=_text(reader, "pyodideVersion"),
        python_version=_text(reader, "pythonVersion"),
        snapshot_type=SnapshotType(kind),
        code_image=_digest(reader, "codeImage"),
        table_size=reader.integer("tableSize"),
        trampoline_slot=reader.integer("trampolineSlot"),
        memory_pages=reader.integer("memoryPages"),
        stack_pointer=reader.integer("stackPointer"),
        runtime_state=reader.integer("runtimeState"),
    )


def _provenance_values(provenance: Provenance) -> dict[str, object]:
    return {
        "inputs": [{"name": item.name, "digest": str(item.digest)} for item in provenance.inputs],
        "tools": [{"name": tool.name, "version": tool.version, "flags": list(tool.flags)} for tool in provenance.tools],
        "created": provenance.created,
        "flags": list(provenance.flags),
    }


def _provenance(reader: _capnp.Reader) -> Provenance:
    return Provenance(
        inputs=tuple(
            ProvenanceInput(name=_text(item, "name"), digest=_digest(item, "digest"))
            for item in reader.structs("inputs", limit=_MAX_INPUTS)
        ),
        tools=tuple(
            ProvenanceTool(
                name=_text(item, "name"),
                version=_text(item, "version"),
                flags=tuple(_texts(item, "flags", _MAX_FLAGS)),
            )
            for item in reader.structs("tools", limit=_MAX_TOOLS)
        ),
        created=_text(reader, "created"),
        flags=tuple(_texts(reader, "flags", _MAX_FLAGS)),
    )


def _text(reader: _capnp.Reader, field: str) -> str:
    return reader.text(field, max_length=_checks.MAX_TEXT)


def _texts(reader: _capnp.Reader, field: str, limit: int) -> list[str]:
    return reader.texts(field, limit=limit, max_length=_checks.MAX_TEXT)


def _digest(reader: _capnp.Reader, field: str) -> Digest:
    return Digest.parse(_text(reader, field))
