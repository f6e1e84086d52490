"""Text encodings and the decoder of streams."""

from __future__ import annotations

import pytest

from runtime_core.js.encodings import StreamDecoder, find_encoding
from runtime_core.js.text import JsTextDecoder, atob, btoa, encode_utf8, escape, unescape


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("utf8", "utf-8"),
        ("  UTF-8\n", "utf-8"),
        ("latin1", "windows-1252"),
        ("utf-16", "utf-16le"),
        ("sjis", "shift_jis"),
        ("gb2312", "gbk"),
        ("utf-7", None),
        ("rot13", None),
        ("x" * 1000, None),
    ],
)
def test_labels(label: str, name: str | None) -> None:
    assert find_encoding(label) == name


@pytest.mark.parametrize("split", range(12))
@pytest.mark.parametrize("name", ["utf-8", "utf-16le", "utf-16be", "shift_jis", "gb18030", "euc-kr", "big5"])
def test_a_stream_may_be_cut_anywhere(name: str, split: int) -> None:
    text = "a漢b"
    data = text.encode({"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(name, name))
    decoder = JsTextDecoder(name, fatal=True)
    parts = [decoder.decode(data[:split], is_stream=True), decoder.decode(data[split:])]
    assert "".join(parts) == text


def test_every_byte_of_a_single_byte_encoding_is_a_character() -> None:
    for name in ("windows-1252", "iso-8859-7", "koi8-u", "windows-874"):
        assert len(StreamDecoder(name, fatal=False).decode(bytes(range(256)), final=True)) == 256


def test_lone_surrogates_are_replaced() -> None:
    assert encode_utf8("a\ud800\udc00") in ("a\U00010000".encode(), b"a\xef\xbf\xbd\xef\xbf\xbd")
    assert encode_utf8("\udc00a") == b"\xef\xbf\xbda"


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", bytes(range(256))])
def test_base64_round_trip(data: bytes) -> None:
    assert atob(btoa(data.decode("latin-1"))) == data.decode("latin-1")


@pytest.mark.parametrize("text", ["", "a b", "é€😀", "%u12", "\x00\xff"])
def test_escape_round_trip(text: str) -> None:
    assert unescape(escape(text)) == text
