"""Errors at the edge: the status, the stable code, and what is never shown."""

from __future__ import annotations

import inspect

import grpc
import pytest

from artifactd.service.status import ERROR_CODE_KEY, status_of
from schemas import errors
from schemas.errors import ArtifactError, FormatError, IntegrityError, PlatformError


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.FormatError("x"), grpc.StatusCode.INVALID_ARGUMENT, "format"),
        (errors.UnsupportedVersionError("x"), grpc.StatusCode.INVALID_ARGUMENT, "unsupported-version"),
        (errors.DigestMismatchError("x"), grpc.StatusCode.INVALID_ARGUMENT, "digest-mismatch"),
        (errors.RollbackError("x"), grpc.StatusCode.INVALID_ARGUMENT, "metadata-rollback"),
        (errors.BlobNotFoundError("x"), grpc.StatusCode.NOT_FOUND, "blob-not-found"),
        (errors.MissingArtifactError("x"), grpc.StatusCode.FAILED_PRECONDITION, "missing-artifact"),
        (errors.ReleaseExistsError("x"), grpc.StatusCode.ALREADY_EXISTS, "release-exists"),
        (errors.ChannelConflictError("x"), grpc.StatusCode.ABORTED, "channel-conflict"),
        (errors.StorageError("x"), grpc.StatusCode.UNAVAILABLE, "storage"),
        (errors.StorageFullError("x"), grpc.StatusCode.RESOURCE_EXHAUSTED, "storage-full"),
        (errors.OffsetOutOfRangeError("x"), grpc.StatusCode.OUT_OF_RANGE, "offset-out-of-range"),
        (errors.AccessDeniedError("x"), grpc.StatusCode.PERMISSION_DENIED, "access-denied"),
        (NotImplementedError(), grpc.StatusCode.UNIMPLEMENTED, "unimplemented"),
        (RuntimeError("/secret/path"), grpc.StatusCode.INTERNAL, "internal"),
        (PermissionError(13, "denied", "/secret/path"), grpc.StatusCode.INTERNAL, "internal"),
        (errors.RestoreError("never raised by the service"), grpc.StatusCode.INTERNAL, "internal"),
    ],
)
def test_statuses(error: Exception, status: grpc.StatusCode, code: str) -> None:
    found = status_of(error)
    assert (found.status, found.code) == (status, code)
    assert found.trailing_metadata == ((ERROR_CODE_KEY, code),)
    assert "secret" not in found.details


def test_details_say_what_was_expected_and_found_but_not_for_ever() -> None:
    assert status_of(FormatError("wrong", expected=1, found=2, hint="retry")).details == str(
        FormatError("wrong", expected=1, found=2, hint="retry")
    )
    assert len(status_of(FormatError("x" * 100_000)).details) == 2000


def test_every_error_of_the_service_has_a_status_and_a_code_of_its_own() -> None:
    families = (ArtifactError, FormatError, IntegrityError)
    classes = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, PlatformError)]
    assert len({found.code for found in classes}) == len(classes)
    for found in classes:
        if issubclass(found, families):
            assert status_of(found("x")).status is not grpc.StatusCode.INTERNAL, found
