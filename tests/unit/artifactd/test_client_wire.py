"""The hand-written message coding agrees with protobuf, and no bytes make it raise anything but FormatError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifactd.client.wire import decode_read_response, encode_write_request
from schemas._generated.google.bytestream import bytestream_pb2
from schemas.errors import FormatError


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 16383, 16384, 1 << 20])
def test_read_responses_decode_as_protobuf_does(size: int) -> None:
    data = bytes(size)
    assert bytes(decode_read_response(bytestream_pb2.ReadResponse(data=data).SerializeToString())) == data


def test_an_empty_message_has_no_data() -> None:
    assert bytes(decode_read_response(b"")) == b""


def test_fields_of_a_later_version_are_skipped() -> None:
    message = bytestream_pb2.ReadResponse(data=b"abc").SerializeToString()
    assert bytes(decode_read_response(b"\x08\x01" + message)) == b"abc"
    assert bytes(decode_read_response(message + b"\x08\x01")) == b"abc"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\x52\x05abc", "shorter than declared"),
        (b"\x52", "no length"),
        (b"\x52\xff\xff\xff\xff\xff\xff", "a length that does not end"),
        (b"\xff", "no field number"),
        (b"\x52\x01", "no data"),
    ],
)
def test_malformed_read_responses_are_refused(message: bytes, reason: str) -> None:
    with pytest.raises(FormatError):
        decode_read_response(message)
    assert reason


@given(st.binary(max_size=300))
def test_any_bytes_decode_as_protobuf_or_raise_format_error(message: bytes) -> None:
    with contextlib.suppress(FormatError):
        assert bytes(decode_read_response(message)) == bytestream_pb2.ReadResponse.FromString(message).data


@given(st.text(max_size=100), st.integers(min_value=0, max_value=2**62), st.booleans(), st.binary(max_size=500))
def test_write_requests_are_what_protobuf_reads(name: str, offset: int, finish: bool, data: bytes) -> None:
    name = name.encode("utf-8", "ignore").decode()
    encoded = encode_write_request(resource_name=name, offset=offset, finish=finish, data=memoryview(data))
    read = bytestream_pb2.WriteRequest.FromString(encoded)
    assert (read.resource_name, read.write_offset, read.finish_write, read.data) == (name, offset, finish, data)
