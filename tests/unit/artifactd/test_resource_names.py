"""Resource names: what is accepted, what is refused and why."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifactd.blobs import BlobRef
from artifactd.service.resource_names import parse_read_name, parse_size, parse_write_name
from schemas.digest import Digest
from schemas.errors import FormatError

HASH = Digest.of(b"blob")
H = HASH.hex


@pytest.mark.parametrize(
    "name",
    [f"blobs/{H}/4", f"blobs/sha256/{H}/4", f"instance/blobs/{H}/4", f"a/b/c/blobs/sha256/{H}/4"],
)
def test_read_names(name: str) -> None:
    assert parse_read_name(name) == BlobRef(digest=HASH, size=4)


@pytest.mark.parametrize(
    "name",
    [
        f"uploads/u-1/blobs/{H}/4",
        f"uploads/u-1/blobs/sha256/{H}/4",
        f"some/instance/uploads/u-1/blobs/{H}/4",
        f"uploads/u-1/blobs/{H}/4/metadata/of/the/client",
    ],
)
def test_write_names(name: str) -> None:
    found = parse_write_name(name)
    assert (found.upload_id, found.digest, found.size) == ("u-1", HASH, 4)


MALFORMED = [
    ("", "empty"),
    ("blobs", "nothing but the keyword"),
    (f"blobs/{H}", "no size"),
    (f"{H}/4", "no keyword"),
    (f"/blobs/{H}/4", "empty segment first"),
    (f"blobs//{H}/4", "empty segment"),
    (f"blobs/{H}/4/", "empty segment last"),
    (f"blobs/{H}/-1", "negative size"),
    (f"blobs/{H}/+1", "signed size"),
    (f"blobs/{H}/04", "leading zero"),
    (f"blobs/{H}/0x4", "hexadecimal size"),
    (f"blobs/{H}/4 ", "trailing space"),
    (f"blobs/{H}/٤", "digits of another script"),
    (f"blobs/{H}/{10**18}", "size beyond 64 bits"),
    (f"blobs/{H.upper()}/4", "upper-case digest"),
    (f"blobs/{H[:-1]}/4", "short digest"),
    (f"blobs/{H}0/4", "long digest"),
    (f"blobs/sha1/{H}/4", "another digest function"),
    (f"blobs/sha256/sha256/{H}/4", "digest function twice"),
    (f"compressed-blobs/zstd/{H}/4", "compressed"),
    (f"instance/compressed-blobs/zstd/{H}/4", "compressed, with an instance"),
    ("x/" * 600 + f"blobs/{H}/4", "too long"),
    (f"../../blobs/sha256/{H}", "traversal without a size"),
]


@pytest.mark.parametrize(("name", "reason"), [*MALFORMED, (f"blobs/{H}/4/more", "something after the size")])
def test_malformed_read_names_are_refused(name: str, reason: str) -> None:
    with pytest.raises(FormatError):
        parse_read_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((f"uploads/u/{name}", reason) for name, reason in MALFORMED if not name.startswith("x/")),
        (f"blobs/{H}/4", "a read name"),
        (f"uploads/blobs/{H}/4", "no upload id"),
        (f"uploads//blobs/{H}/4", "empty upload id"),
        (f"uploads/{'u' * 129}/blobs/{H}/4", "long upload id"),
        (f"uploads/a b/blobs/{H}/4", "space in the upload id"),
        (f"uploads/u/x/blobs/{H}/4", "a segment between id and keyword"),
    ],
)
def test_malformed_write_names_are_refused(name: str, reason: str) -> None:
    with pytest.raises(FormatError):
        parse_write_name(name)


@given(st.text(max_size=200))
def test_any_text_parses_or_is_a_format_error(name: str) -> None:
    for parse in (parse_read_name, parse_write_name, parse_size):
        with contextlib.suppress(FormatError):
            parse(name)


@given(st.lists(st.sampled_from(["blobs", "uploads", "sha256", "compressed-blobs", H, "4", "", "u", ".."]), max_size=9))
def test_any_combination_of_segments_parses_or_is_a_format_error(segments: list[str]) -> None:
    for parse in (parse_read_name, parse_write_name):
        with contextlib.suppress(FormatError):
            parse("/".join(segments))
