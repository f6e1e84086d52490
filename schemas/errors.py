"""The error root shared by the service, its client and the runtime.

Errors are split by fault, so that a caller can act on the class alone:

* :class:`FormatError`: bytes that do not follow their format.
* :class:`IntegrityError`: bytes that are well formed but are not the ones that were named or signed.
* :class:`ArtifactError`: the artifact service or its store could not do what was asked.
* :class:`HostError`: this runtime, or the machine it runs on, is at fault.
* :class:`WorkerError`: the author of the guest code is at fault.

Every error carries a stable ``code`` for machines, and where it applies what was expected, what was found
and what to do next. Translation to status codes happens only at the edges (gRPC, HTTP, exit codes).
"""

from __future__ import annotations

from typing import ClassVar


class PlatformError(Exception):
    """Root of every error this project raises on purpose.

    ``expected`` and ``found`` are shown to the reader as they are; ``hint`` names the next step.
    """

    code: ClassVar[str] = "platform"

    def __init__(
        self,
        message: str,
        *,
        expected: object | None = None,
        found: object | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.found = found
        self.hint = hint

    def to_json(self) -> dict[str, str]:
        """What the commands print for machines with ``--json``; what does not apply is left out."""
        details = {"expected": self.expected, "found": self.found, "hint": self.hint}
        stated = {name: str(value) for name, value in details.items() if value is not None}
        return {"code": self.code, "message": self.message, **stated}

    def __str__(self) -> str:
        text = self.message
        details = {"expected": self.expected, "found": self.found}
        shown = ", ".join(f"{name} {value}" for name, value in details.items() if value is not None)
        if shown:
            text += f" ({shown})"
        if self.hint:
            text += f"; {self.hint}"
        return text


class FormatError(PlatformError):
    """Bytes that do not follow their format; no bytes make a codec raise anything else."""

    code = "format"


class UnsupportedVersionError(FormatError):
    """A well-formed message of a version this build does not know."""

    code = "unsupported-version"


class IntegrityError(PlatformError):
    """Bytes that are not the ones that were named, pinned or signed."""

    code = "integrity"


class DigestMismatchError(IntegrityError):
    """The sha256 of the bytes is not the declared one."""

    code = "digest-mismatch"


class SizeMismatchError(IntegrityError):
    """The length of the bytes is not the declared one."""

    code = "size-mismatch"


class PinMismatchError(IntegrityError):
    """A release does not have the manifest digest that the user's configuration pins."""

    code = "pin-mismatch"


class SignatureError(IntegrityError):
    """Signed metadata is missing signatures, expired, replayed or inconsistent."""

    code = "signature"


class ExpiredMetadataError(SignatureError):
    """Signed metadata is past its expiry."""

    code = "metadata-expired"


class RollbackError(SignatureError):
    """Signed metadata is older than metadata that was trusted before (a replay)."""

    code = "metadata-rollback"


class ArtifactError(PlatformError):
    """The artifact service, or the store behind it, could not do what was asked."""

    code = "artifact"


class BlobNotFoundError(ArtifactError):
    """No blob has this digest."""

    code = "blob-not-found"


class OffsetOutOfRangeError(ArtifactError):
    """A read starts beyond the end of the blob."""

    code = "offset-out-of-range"


class MissingArtifactError(ArtifactError):
    """A manifest or signed target names something that is not stored; upload it first."""

    code = "missing-artifact"


class ReleaseNotFoundError(ArtifactError):
    """No release has this id or digest."""

    code = "release-not-found"


class ReleaseExistsError(ArtifactError):
    """Another release was published under this id; releases are write-once."""

    code = "release-exists"


class ChannelNotFoundError(ArtifactError):
    """No channel has this name."""

    code = "channel-not-found"


class MetadataNotFoundError(ArtifactError):
    """The service has no metadata file of this name."""

    code = "metadata-not-found"


class ChannelConflictError(ArtifactError):
    """Another publisher moved the channel metadata first; read it again and retry."""

    code = "channel-conflict"


class AccessDeniedError(ArtifactError):
    """The caller may not do this."""

    code = "access-denied"


class StorageError(ArtifactError):
    """The store failed: unreachable, full, or without a property the service relies on."""

    code = "storage"


class StorageFullError(StorageError):
    """The store has no room for the bytes; nothing was stored."""

    code = "storage-full"


class ServiceUnavailableError(ArtifactError):
    """The service cannot be reached, or is draining; nothing was changed."""

    code = "service-unavailable"


class ConfigError(PlatformError):
    """The operator's or user's configuration is wrong."""

    code = "config"


class HostError(PlatformError):
    """This runtime, or the machine it runs on, is at fault."""

    code = "host"


class AbiMismatchError(HostError):
    """An artifact is for another Pyodide version, ABI, code image or table layout."""

    code = "abi-mismatch"


class MissingToolError(HostError):
    """A program that a release build needs is not on this machine."""

    code = "missing-tool"


class MissingImportError(HostError):
    """The guest module imports a function that this host does not provide."""

    code = "missing-import"


class LinkError(HostError):
    """A native library could not be loaded or linked."""

    code = "link"


class CaptureError(HostError):
    """The state of an isolate cannot be represented in a snapshot."""

    code = "capture"


class RestoreError(HostError):
    """A snapshot could not be restored."""

    code = "restore"


class GuestFault(HostError):  # noqa: N818 - a fault of the guest, named as processors name theirs
    """The guest handed the host a pointer, length, index or reference that is not valid."""

    code = "guest-fault"


class FatalIsolateError(HostError):
    """The guest trapped; the isolate is dead and was discarded."""

    code = "fatal-isolate"


class WorkerError(PlatformError):
    """The author of the guest code is at fault."""

    code = "worker"


class PythonError(WorkerError):
    """An exception that guest Python code raised and did not handle.

    ``type_name`` is the guest class's name, ``traceback`` the guest's formatted traceback.
    """

    code = "python-error"

    def __init__(self, message: str, *, type_name: str, traceback: str) -> None:
        super().__init__(message)
        self.type_name = type_name
        self.traceback = traceback


class GuestExitError(WorkerError):
    """The guest ended its process (``os._exit``, ``abort``); the isolate is gone. ``status`` is its exit status."""

    code = "guest-exit"

    def __init__(self, message: str, *, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class EntrypointError(WorkerError):
    """The worker does not define the function or class that was called."""

    code = "entrypoint"


class EntropyDeniedError(WorkerError):
    """Code drew random numbers while a snapshot was being made: every isolate restored from it would share them."""

    code = "entropy-denied"


class UnserializableError(WorkerError):
    """A value cannot cross between the host and the guest."""

    code = "unserializable"


class LimitError(WorkerError):
    """The worker used more CPU time, memory or stack than its limits allow."""

    code = "limit"
