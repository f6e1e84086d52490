"""The only place that knows status codes: error classes to gRPC status, and what may be shown to a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import grpc

from schemas.errors import (
    AccessDeniedError,
    ArtifactError,
    BlobNotFoundError,
    ChannelConflictError,
    ChannelNotFoundError,
    ConfigError,
    FormatError,
    IntegrityError,
    MetadataNotFoundError,
    MissingArtifactError,
    OffsetOutOfRangeError,
    PlatformError,
    ReleaseExistsError,
    ReleaseNotFoundError,
    ServiceUnavailableError,
    StorageError,
    StorageFullError,
)

ERROR_CODE_KEY: Final = "artifactd-error-code"
"""Trailing metadata that carries ``PlatformError.code``, so that a client can raise the same class."""

INTERNAL_CODE: Final = "internal"
_MAX_DETAIL_LENGTH: Final = 2000
"""Characters. Details travel in a header, and clients accept 8 KiB of headers by default."""

_STATUS: Final[dict[type[PlatformError], grpc.StatusCode]] = {
    FormatError: grpc.StatusCode.INVALID_ARGUMENT,
    IntegrityError: grpc.StatusCode.INVALID_ARGUMENT,
    BlobNotFoundError: grpc.StatusCode.NOT_FOUND,
    ReleaseNotFoundError: grpc.StatusCode.NOT_FOUND,
    ChannelNotFoundError: grpc.StatusCode.NOT_FOUND,
    MetadataNotFoundError: grpc.StatusCode.NOT_FOUND,
    OffsetOutOfRangeError: grpc.StatusCode.OUT_OF_RANGE,
    MissingArtifactError: grpc.StatusCode.FAILED_PRECONDITION,
    ReleaseExistsError: grpc.StatusCode.ALREADY_EXISTS,
    ChannelConflictError: grpc.StatusCode.ABORTED,
    AccessDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    StorageFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    StorageError: grpc.StatusCode.UNAVAILABLE,
    ServiceUnavailableError: grpc.StatusCode.UNAVAILABLE,
    ConfigError: grpc.StatusCode.FAILED_PRECONDITION,
    ArtifactError: grpc.StatusCode.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeStatus:
    """What a client is told about an error: gRPC status, text, and the stable code of trailing metadata."""

    status: grpc.StatusCode
    details: str
    code: str

    @property
    def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata to send with the status."""
        return ((ERROR_CODE_KEY, self.code),)


def status_of(error: BaseException) -> EdgeStatus:
    """The status of an error; of anything unexpected only that it happened, never its text."""
    if isinstance(error, NotImplementedError):
        # What the generated base classes raise for methods that a servicer leaves out.
        return EdgeStatus(
            status=grpc.StatusCode.UNIMPLEMENTED, details="this service does not offer the method", code="unimplemented"
        )
    if isinstance(error, PlatformError):
        for ancestor in type(error).__mro__:
            status = _STATUS.get(ancestor)
            if status is not None:
                return EdgeStatus(status=status, details=str(error)[:_MAX_DETAIL_LENGTH], code=error.code)
    return EdgeStatus(
        status=grpc.StatusCode.INTERNAL,
        details="the service met an unexpected error; see its log",
        code=INTERNAL_CODE,
    )
