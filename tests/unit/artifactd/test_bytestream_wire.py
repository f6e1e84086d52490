"""The hand-written encoding and decoding are what protobuf writes and reads."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from artifactd.service.bytestream_wire import WriteMessage, decode_write_request, encode_read_response
from schemas._generated.google.bytestream.bytestream_pb2 import ReadResponse, WriteRequest


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, (1 << 20) - 1, 1 << 20, (1 << 21) + 1])
def test_sizes_around_the_lengths_of_varints(size: int) -> None:
    data = bytes(size)
    assert encode_read_response(data) == ReadResponse(data=data).SerializeToString()
    encoded = WriteRequest(resource_name="name", write_offset=size, data=data).SerializeToString()
    assert decode_write_request(encoded) == WriteMessage("name", size, False, data)


@given(st.binary(max_size=1000))
def test_protobuf_reads_what_was_written(data: bytes) -> None:
    assert ReadResponse.FromString(encode_read_response(data)).data == data


@given(
    name=st.text(max_size=50),
    offset=st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1),
    finish=st.booleans(),
    data=st.binary(max_size=300),
)
def test_every_request_is_read_as_protobuf_wrote_it(name: str, offset: int, finish: bool, data: bytes) -> None:
    request = WriteRequest(resource_name=name, write_offset=offset, finish_write=finish, data=data)
    assert decode_write_request(request.SerializeToString()) == WriteMessage(name, offset, finish, data)


USUAL = WriteRequest(resource_name="n", write_offset=5, finish_write=True, data=b"data").SerializeToString()


@given(st.one_of(st.binary(max_size=60), st.tuples(st.binary(max_size=20), st.integers(0, 40)).map(lambda p: mix(*p))))
def test_any_bytes_are_read_as_protobuf_reads_them(message: bytes) -> None:
    try:
        expected = WriteRequest.FromString(message)
    except DecodeError:
        with pytest.raises(DecodeError):
            decode_write_request(message)
        return
    assert decode_write_request(message) == WriteMessage(
        expected.resource_name, expected.write_offset, expected.finish_write, expected.data
    )


def mix(insert: bytes, position: int) -> bytes:
    """A usual message with other bytes somewhere."""
    return USUAL[:position] + insert + USUAL[position:]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (USUAL + WriteRequest(write_offset=9).SerializeToString(), "a field twice: the last one counts"),
        (USUAL + b"\x7a\x01x", "an unknown field"),
        (USUAL + b"\xa2\x06\x01x", "an unknown field with a long tag"),
        (b"\x52\x84\x80\x00data", "a length longer than it need be"),
    ],
)
def test_unusual_messages_are_left_to_protobuf(message: bytes, reason: str) -> None:
    expected = WriteRequest.FromString(message)
    found = decode_write_request(message)
    assert (found.write_offset, found.data) == (expected.write_offset, expected.data), reason
