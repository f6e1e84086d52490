"""Resource names of the Remote Execution API's ByteStream: strict parsing, no repair.

Reads:   ``[instance/]blobs/[sha256/]{hash}/{size}``
Writes:  ``[instance/]uploads/{upload id}/blobs/[sha256/]{hash}/{size}[/anything]``

The instance name is accepted and ignored: one daemon serves one store. Source: comments of
build/bazel/remote/execution/v2/remote_execution.proto.
"""

from __future__ import annotations

import re
from typing import Final

from artifactd.blobs import BlobRef
from artifactd.staging import UploadName, require_upload_id
from schemas.digest import Digest
from schemas.errors import FormatError

_MAX_LENGTH: Final = 1024
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_KEYWORDS: Final = frozenset(
    {"blobs", "uploads", "actions", "actionResults", "operations", "capabilities", "compressed-blobs"}
)
"""Segments that an instance name must not contain."""
_READ_FORM: Final = "[instance/]blobs/{sha256}/{size}"
_WRITE_FORM: Final = "[instance/]uploads/{uuid}/blobs/{sha256}/{size}"


def parse_read_name(name: str) -> BlobRef:
    """The blob that a read names.

    Raises:
        FormatError: another form.
    """
    segments = _split(name, _READ_FORM)
    start = _keyword(segments, name, _READ_FORM)
    if segments[start] != "blobs":
        raise _malformed(name, _READ_FORM)
    ref, rest = _blob(segments[start + 1 :], name, _READ_FORM)
    if rest:
        raise _malformed(name, _READ_FORM)
    return ref


def parse_write_name(name: str) -> UploadName:
    """The upload that a write names; what follows the size is for the client's use and ignored, as specified.

    Raises:
        FormatError: another form.
    """
    segments = _split(name, _WRITE_FORM)
    start = _keyword(segments, name, _WRITE_FORM)
    if segments[start] != "uploads" or len(segments) < start + 3 or segments[start + 2] != "blobs":
        raise _malformed(name, _WRITE_FORM)
    ref, _ = _blob(segments[start + 3 :], name, _WRITE_FORM)
    return UploadName(upload_id=require_upload_id(segments[start + 1]), digest=ref.digest, size=ref.size)


def parse_size(text: str) -> int:
    """A size in bytes: decimal digits without leading zeros.

    Raises:
        FormatError: another form.
    """
    if _SIZE.fullmatch(text) is None:
        raise FormatError("not a size in bytes", expected="decimal digits", found=repr(text)[:80])
    return int(text)


def _split(name: str, form: str) -> list[str]:
    if len(name) > _MAX_LENGTH or "" in (segments := name.split("/")):
        raise _malformed(name, form)
    return segments


def _keyword(segments: list[str], name: str, form: str) -> int:
    for index, segment in enumerate(segments):
        if segment in _KEYWORDS:
            if segment == "compressed-blobs" or "compressed-blobs" in segments:
                raise FormatError("compressed blobs are not offered", expected=form, hint="send the stored bytes as is")
            return index
    raise _malformed(name, form)


def _blob(segments: list[str], name: str, form: str) -> tuple[BlobRef, list[str]]:
    if segments[:1] == ["sha256"]:
        segments = segments[1:]
    if len(segments) < 2:
        raise _malformed(name, form)
    return BlobRef(digest=Digest(segments[0]), size=parse_size(segments[1])), segments[2:]


def _malformed(name: str, form: str) -> FormatError:
    return FormatError("not a resource name", expected=form, found=repr(name)[:160])
