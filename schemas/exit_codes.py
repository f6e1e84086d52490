"""What the commands end with. Scripts rely on the numbers: they are documented in docs/reference/cli.md and stable."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from schemas.errors import (
    AccessDeniedError,
    ArtifactError,
    BlobNotFoundError,
    ChannelConflictError,
    ChannelNotFoundError,
    ConfigError,
    FormatError,
    HostError,
    IntegrityError,
    MetadataNotFoundError,
    PlatformError,
    ReleaseExistsError,
    ReleaseNotFoundError,
    ServiceUnavailableError,
    StorageError,
    WorkerError,
)


class ExitCode(IntEnum):
    """The exit code of a command."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    CONFIG = 3
    FORMAT = 4
    INTEGRITY = 5
    NOT_FOUND = 6
    CONFLICT = 7
    UNAVAILABLE = 8
    STORAGE = 9
    DENIED = 10
    HOST = 11
    REFUSED = 12
    WORKER = 13
    INTERRUPTED = 130
    BROKEN_PIPE = 141


# The class nearest to the error's own decides.
_BY_CLASS: Final[Mapping[type, ExitCode]] = MappingProxyType(
    {
        ConfigError: ExitCode.CONFIG,
        FormatError: ExitCode.FORMAT,
        IntegrityError: ExitCode.INTEGRITY,
        BlobNotFoundError: ExitCode.NOT_FOUND,
        ReleaseNotFoundError: ExitCode.NOT_FOUND,
        ChannelNotFoundError: ExitCode.NOT_FOUND,
        MetadataNotFoundError: ExitCode.NOT_FOUND,
        ReleaseExistsError: ExitCode.CONFLICT,
        ChannelConflictError: ExitCode.CONFLICT,
        ServiceUnavailableError: ExitCode.UNAVAILABLE,
        StorageError: ExitCode.STORAGE,
        AccessDeniedError: ExitCode.DENIED,
        ArtifactError: ExitCode.REFUSED,
        HostError: ExitCode.HOST,
        WorkerError: ExitCode.WORKER,
    }
)


def exit_code_of(error: PlatformError) -> ExitCode:
    """The exit code for an error."""
    for ancestor in type(error).__mro__:
        code = _BY_CLASS.get(ancestor)
        if code is not None:
            return code
    return ExitCode.INTERNAL
