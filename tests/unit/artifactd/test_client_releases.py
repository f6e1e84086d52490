"""Pins, and a release and channel service that lies."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from artifactd.client.channels import ChannelClient
from artifactd.client.connection import Connection
from artifactd.client.releases import Pin, ReleaseClient
from schemas._generated import artifactd_pb2
from schemas.digest import Digest
from schemas.errors import (
    DigestMismatchError,
    FormatError,
    MetadataNotFoundError,
    PlatformError,
    ReleaseExistsError,
    ReleaseNotFoundError,
    SizeMismatchError,
)

MANIFEST = b"a manifest, as far as the client can tell here"
DIGEST = Digest.of(MANIFEST)


class Liar:
    """Stands in for a connection: answers every call with what the test says."""

    def __init__(self, answer: Callable[[Any], Message]) -> None:
        self._answer = answer

    def call(self, method: str, request: Message, response: type[Message]) -> Message:
        answer = self._answer(request)
        assert isinstance(answer, response)
        return answer


def releases(answer: Callable[[Any], Message] | Message) -> ReleaseClient:
    return ReleaseClient(cast("Connection", Liar(answer if callable(answer) else lambda _: answer)))


def channels(answer: Callable[[Any], Message] | Message) -> ChannelClient:
    return ChannelClient(cast("Connection", Liar(answer if callable(answer) else lambda _: answer)))


def test_a_pin_is_written_as_it_is_read() -> None:
    text = f"pyodide-314.0.5@{DIGEST}"
    assert str(Pin.parse(text)) == text
    assert Pin.parse(text) == Pin(release_id="pyodide-314.0.5", digest=DIGEST)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing"),
        ("pyodide", "no digest"),
        (str(DIGEST), "no release id"),
        (f"@{DIGEST}", "an empty release id"),
        (f"a@{DIGEST.hex}", "no algorithm"),
        (f"a@sha512:{DIGEST.hex}", "another algorithm"),
        (f"a@{DIGEST} ", "a space at the end"),
        (f"a/b@{DIGEST}", "a slash"),
        (f"a@b@{DIGEST}", "two signs"),
        (f"a@{str(DIGEST).upper()}", "upper case"),
    ],
)
def test_anything_else_is_no_pin(text: str, reason: str) -> None:
    with pytest.raises(FormatError):
        Pin.parse(text)
    assert reason


@given(st.text())
def test_any_text_is_a_pin_or_a_format_error(text: str) -> None:
    with contextlib.suppress(FormatError):
        assert str(Pin.parse(text)) == text


def record(**changes: Any) -> artifactd_pb2.GetReleaseResponse:
    return artifactd_pb2.GetReleaseResponse(
        **({"release_id": "one", "digest": str(DIGEST), "manifest": MANIFEST} | changes)
    )


@pytest.mark.parametrize("selector", ["one", DIGEST])
def test_a_release_that_is_what_it_says_is_accepted(selector: str | Digest) -> None:
    assert releases(record()).get(selector).manifest == MANIFEST


@pytest.mark.parametrize(
    ("answer", "selector", "error", "reason"),
    [
        (record(manifest=b"other"), "one", DigestMismatchError, "a manifest with another digest than it says"),
        (record(manifest=b"other"), DIGEST, DigestMismatchError, "a manifest with another digest than was asked for"),
        (
            record(manifest=b"other", digest=str(Digest.of(b"other"))),
            DIGEST,
            DigestMismatchError,
            "consistent, but not what was asked for",
        ),
        (record(release_id="two"), "one", ReleaseNotFoundError, "another release"),
        (record(release_id="../two"), DIGEST, FormatError, "no release id"),
        (record(digest="sha256:x"), "one", FormatError, "no digest"),
        (record(manifest=bytes((1 << 20) + 1)), "one", SizeMismatchError, "too large for a manifest"),
    ],
)
def test_lies_about_a_release_are_refused(
    answer: Message, selector: str | Digest, error: type[PlatformError], reason: str
) -> None:
    with pytest.raises(error):
        releases(answer).get(selector)
    assert reason


def test_a_service_that_published_something_else_is_refused() -> None:
    answer = artifactd_pb2.PutReleaseResponse(release_id="one", digest=str(Digest.of(b"other")), created=True)
    with pytest.raises(DigestMismatchError):
        releases(answer).put(MANIFEST)
    with pytest.raises(SizeMismatchError):
        releases(answer).put(bytes((1 << 20) + 1))


def test_a_list_is_read_page_by_page() -> None:
    def answer(request: artifactd_pb2.ListReleasesRequest) -> Message:
        page = int(request.page_token or "0")
        summary = artifactd_pb2.ReleaseSummary(
            release_id=f"release-{page}", digest=str(DIGEST), pyodide_version="314.0.5\x1b[2J"
        )
        return artifactd_pb2.ListReleasesResponse(releases=[summary], next_page_token=str(page + 1) if page < 2 else "")

    found = list(releases(answer).list())
    assert [summary.release_id for summary in found] == ["release-0", "release-1", "release-2"]
    assert "\x1b" not in found[0].pyodide_version


def test_a_list_that_does_not_end_is_stopped() -> None:
    with pytest.raises(FormatError, match="does not end"):
        list(releases(artifactd_pb2.ListReleasesResponse(next_page_token="more")).list())


def test_metadata_has_a_cap_and_may_be_absent() -> None:
    client = channels(artifactd_pb2.GetMetadataResponse(data=bytes(101)))
    assert client.metadata("timestamp.json", max_length=101) == bytes(101)
    with pytest.raises(SizeMismatchError):
        client.metadata("timestamp.json", max_length=100)

    def absent(request: Message) -> Message:
        raise MetadataNotFoundError("none")

    assert channels(absent).metadata("timestamp.json", max_length=100) is None

    def broken(request: Message) -> Message:
        raise ReleaseExistsError("something else")

    with pytest.raises(ReleaseExistsError):
        channels(broken).metadata("timestamp.json", max_length=100)


@pytest.mark.parametrize(
    ("summary", "reason"),
    [
        (artifactd_pb2.ChannelSummary(name="../x"), "no channel name"),
        (artifactd_pb2.ChannelSummary(name="stable", release_digest="x"), "no digest"),
    ],
)
def test_a_malformed_channel_is_refused(summary: artifactd_pb2.ChannelSummary, reason: str) -> None:
    with pytest.raises(FormatError):
        channels(artifactd_pb2.ListChannelsResponse(channels=[summary])).list()
    assert reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ([], "no keys"),
        ([("snapshot", "x", "{}")], "not a key"),
        ([("root", "x", "{}")], "a role that is not the service's"),
        ([("timestamp", "x", "[")], "no JSON"),
    ],
)
def test_malformed_online_keys_are_refused(keys: list[tuple[str, str, str]], reason: str) -> None:
    answer = artifactd_pb2.GetOnlineKeysResponse(
        keys=[artifactd_pb2.OnlineKey(role=role, key_id=key_id, json=text) for role, key_id, text in keys]
    )
    with pytest.raises(FormatError):
        channels(answer).online_keys()
    assert reason
