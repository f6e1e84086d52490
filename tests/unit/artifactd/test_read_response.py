"""The hand-written encoding is the one protobuf writes and reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifactd.service.bytestream import encode_read_response
from schemas._generated.google.bytestream import bytestream_pb2


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, (1 << 20) - 1, 1 << 20, (1 << 21) + 1])
def test_sizes_around_the_lengths_of_varints(size: int) -> None:
    data = bytes(size)
    assert encode_read_response(data) == bytestream_pb2.ReadResponse(data=data).SerializeToString()


@given(st.binary(max_size=1000))
def test_protobuf_reads_what_was_written(data: bytes) -> None:
    assert bytestream_pb2.ReadResponse.FromString(encode_read_response(data)).data == data
