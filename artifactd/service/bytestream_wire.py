"""ByteStream's two bulk messages in protobuf's wire format, without a copy more than needed.

Building or parsing a protobuf message copies its bytes field twice, which at 1 MiB per message costs more than sending
it. Both messages are published and cannot change; tests compare with protobuf's own encoding.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas._generated.google.bytestream import bytestream_pb2

_READ_DATA_TAG: Final = b"\x52"
"""Field 10 (``data``), wire type 2 (length-delimited), of google.bytestream.ReadResponse."""

# Field number << 3 | wire type, of google.bytestream.WriteRequest.
_RESOURCE_NAME: Final = 1 << 3 | 2
_WRITE_OFFSET: Final = 2 << 3 | 0
_FINISH_WRITE: Final = 3 << 3 | 0
_DATA: Final = 10 << 3 | 2
_MAX_VARINT_BYTES: Final = 10
_NOTHING: Final = memoryview(b"")


class WriteMessage(NamedTuple):
    """What a WriteRequest says; ``data`` is a view into the message as received."""

    resource_name: str
    write_offset: int
    finish_write: bool
    data: bytes | memoryview


def encode_read_response(data: bytes) -> bytes:
    """``ReadResponse(data=data)``; an empty ``data`` is left out, as proto3 does."""
    if not data:
        return b""
    return b"".join((_READ_DATA_TAG, _varint(len(data)), data))


def decode_write_request(message: bytes) -> WriteMessage:
    """Read a WriteRequest; whatever is unusual about it is left to protobuf.

    Raises:
        google.protobuf.message.DecodeError: not a WriteRequest.
    """
    decoded = _decode_usual(message)
    if decoded is None:
        parsed = bytestream_pb2.WriteRequest.FromString(message)
        return WriteMessage(parsed.resource_name, parsed.write_offset, parsed.finish_write, parsed.data)
    return decoded


def _decode_usual(message: bytes) -> WriteMessage | None:
    """The message if it consists of whole known fields, each at most once; else None."""
    numbers: dict[int, int] = {}
    texts: dict[int, memoryview] = {}
    view = memoryview(message)
    position = 0
    while position < len(view):
        tag = view[position]
        value, position = _read_varint(view, position + 1)
        if value < 0 or tag in numbers or tag in texts:
            return None
        if tag in (_RESOURCE_NAME, _DATA) and value <= len(view) - position:
            texts[tag] = view[position : position + value]
            position += value
        elif tag in (_WRITE_OFFSET, _FINISH_WRITE):
            numbers[tag] = value
        else:
            return None
    offset = numbers.get(_WRITE_OFFSET, 0)
    try:
        name = str(texts.get(_RESOURCE_NAME, _NOTHING), "utf-8")
    except UnicodeDecodeError:
        return None
    if offset >= 1 << 63:
        return None
    return WriteMessage(name, offset, bool(numbers.get(_FINISH_WRITE, 0)), texts.get(_DATA, _NOTHING))


def _read_varint(view: memoryview, position: int) -> tuple[int, int]:
    """A varint and the position behind it; -1 where there is no well-formed one."""
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        if position >= len(view):
            return -1, position
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position
    return -1, position


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
