"""TextEncoder, TextDecoder, btoa, atob, escape and unescape."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from runtime_core.js.array_buffer import BufferStorage, JsArrayBuffer
from runtime_core.js.arrays import MAX_TEXT_LENGTH
from runtime_core.js.buffers import TYPED_ARRAYS, ArrayView, TypedArray, bytes_view
from runtime_core.js.coded_errors import throw_argument, throw_coded, throw_dom, throw_missing
from runtime_core.js.coerce import from_units, to_text, to_units
from runtime_core.js.control import JsThrow
from runtime_core.js.encodings import StreamDecoder, find_encoding
from runtime_core.js.errors import JsError, throw, throw_type_error
from runtime_core.js.functions import BuiltinFunction
from runtime_core.js.operators import to_boolean
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject, JsValue, PropertyKey, utf16_length

_NO_BUFFER: Final = 'The "list" argument must be an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView.'


def encode_utf8(text: str) -> bytes:
    """UTF-8 as TextEncoder writes it: lone surrogates become U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


# ---- TextEncoder


class JsTextEncoder(JsObject):
    """A TextEncoder."""

    __slots__ = ()

    class_name: ClassVar[str] = "TextEncoder"
    type_tag: ClassVar[str] = "TextEncoder"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "TextEncoder"}

    def encode(self, value: JsValue = UNDEFINED) -> JsValue:
        """``encode(value)``: the text as a Uint8Array."""
        data = b"" if value is UNDEFINED else encode_utf8(to_text(value))
        return TYPED_ARRAYS["Uint8Array"](JsArrayBuffer(bytearray(data)))

    def encode_into(self, source: JsValue, target: JsValue) -> JsValue:
        """``encodeInto(source, target)``: as many whole characters as fit."""
        if not isinstance(source, str):
            throw_argument("src", "of type string", source)
        if not isinstance(target, TypedArray) or target.class_name != "Uint8Array":
            throw_argument("dest", "an instance of Uint8Array", target)
        room = target.length
        data = encode_utf8(source[: room + 1])
        if len(data) > room:
            while room and data[room] & 0xC0 == 0x80:
                room -= 1
            data = data[:room]
        target.bytes_view()[: len(data)] = data
        return JsObject({"read": utf16_length(data.decode()), "written": len(data)})

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "encoding": lambda this: "utf-8",
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "encode": lambda this, value=UNDEFINED: this.encode(value),
        "encodeInto": lambda this, source, target: this.encode_into(source, target),
    }


# ---- TextDecoder


class JsTextDecoder(JsObject):
    """A TextDecoder."""

    __slots__ = ("_decoder", "_has_begun", "encoding", "fatal", "ignore_bom")

    class_name: ClassVar[str] = "TextDecoder"
    type_tag: ClassVar[str] = "TextDecoder"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "TextDecoder"}

    def __init__(self, encoding: str, *, fatal: bool = False, ignore_bom: bool = False) -> None:
        super().__init__()
        self.encoding = encoding
        self.fatal = fatal
        self.ignore_bom = ignore_bom
        self._decoder = StreamDecoder(encoding, fatal=fatal)
        self._has_begun = False

    def decode(self, data: bytes, *, is_stream: bool = False) -> str:
        """The text of the next piece of a stream; of its last one unless ``is_stream``.

        Raises:
            JsThrow: TypeError for malformed bytes where the decoder is fatal.
        """
        if len(data) > MAX_TEXT_LENGTH:
            throw("RangeError", "Invalid string length")
        try:
            text = self._decoder.decode(data, final=not is_stream)
        except UnicodeDecodeError:
            self._end()
            error = JsError("TypeError", f"The encoded data was not valid for encoding {self.encoding}")
            error.set("code", "ERR_ENCODING_INVALID_ENCODED_DATA")
            raise JsThrow(error) from None
        if text and not self._has_begun:
            self._has_begun = True
            if not self.ignore_bom and text[0] == "\ufeff":
                text = text[1:]
        if not is_stream:
            self._end()
        return text

    def _end(self) -> None:
        self._decoder.reset()
        self._has_begun = False

    def decode_value(self, source: JsValue = UNDEFINED, options: JsValue = UNDEFINED) -> JsValue:
        """``decode(source, options)``."""
        if source is UNDEFINED:
            data = b""
        elif isinstance(source, BufferStorage | ArrayView):
            data = bytes(bytes_view(source))
        else:
            error = JsError("TypeError", _NO_BUFFER)
            error.set("code", "ERR_INVALID_ARG_TYPE")
            raise JsThrow(error)
        _check_options(options)
        is_stream = isinstance(options, JsObject) and to_boolean(options.get("stream"))
        return self.decode(data, is_stream=is_stream)

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "encoding": lambda this: this.encoding,
        "fatal": lambda this: this.fatal,
        "ignoreBOM": lambda this: this.ignore_bom,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "decode": lambda this, source=UNDEFINED, options=UNDEFINED: this.decode_value(source, options),
    }


def _check_options(options: JsValue) -> None:
    if options is not None and options is not UNDEFINED and not isinstance(options, JsObject):
        throw_argument("options", "of type object", options)


def new_text_decoder(label: JsValue = UNDEFINED, options: JsValue = UNDEFINED) -> JsTextDecoder:
    """``new TextDecoder(label, options)``.

    Raises:
        JsThrow: RangeError for an unknown label, TypeError for options that are no object.
    """
    name = "utf-8" if label is UNDEFINED else to_text(label)
    _check_options(options)
    encoding = find_encoding(name)
    if encoding is None:
        throw_coded("RangeError", "ERR_ENCODING_NOT_SUPPORTED", f'The "{name}" encoding is not supported')
    given = options if isinstance(options, JsObject) else JsObject()
    return JsTextDecoder(encoding, fatal=to_boolean(given.get("fatal")), ignore_bom=to_boolean(given.get("ignoreBOM")))


# ---- base64

_CHARACTER: Final = "Invalid character"
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*\Z")
_SPACE: Final = str.maketrans("", "", "\t\n\f\r ")


def btoa(*args: JsValue) -> JsValue:
    """``btoa(text)``: base64 of the text's characters as bytes."""
    if not args:
        throw_missing("input")
    text = to_text(args[0])
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        throw_dom(_CHARACTER, "InvalidCharacterError")
    if len(data) > MAX_TEXT_LENGTH // 4 * 3:
        throw("RangeError", "Invalid string length")
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def atob(*args: JsValue) -> JsValue:
    """``atob(text)``: the bytes of base64 text as characters. White space and missing padding are forgiven."""
    if not args:
        throw_missing("input")
    text = to_text(args[0]).translate(_SPACE)
    padding = len(text) - len(text.rstrip("="))
    digits = text[: len(text) - min(padding, 2)]
    rest = len(digits) % 4
    if not _BASE64.match(digits):
        throw_dom(_CHARACTER, "InvalidCharacterError")
    if rest == 1:
        throw_dom("The string to be decoded is not correctly encoded.", "InvalidCharacterError")
    if padding and rest + padding != 4:
        throw_dom(_CHARACTER, "InvalidCharacterError")
    return binascii.a2b_base64(digits + "=" * (-len(digits) % 4)).decode("latin-1")


# ---- escape and unescape

MAX_ESCAPED_LENGTH: Final = 1 << 22  # units: each may take a call
_UNESCAPED: Final = re.compile(r"[^A-Za-z0-9@*_+\-./]")
_ESCAPE: Final = re.compile(r"%u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})")


def escape(value: JsValue) -> JsValue:
    """``escape(value)``."""
    return _UNESCAPED.sub(_escaped, _bounded_units(value))


def _bounded_units(value: JsValue) -> str:
    units = to_units(to_text(value))
    if len(units) > MAX_ESCAPED_LENGTH:
        throw("RangeError", "Invalid string length")
    return units


def _escaped(match: re.Match[str]) -> str:
    unit = ord(match[0])
    return f"%{unit:02X}" if unit < 256 else f"%u{unit:04X}"


def unescape(value: JsValue) -> JsValue:
    """``unescape(value)``."""
    return from_units(_ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), _bounded_units(value)))


# ---- constructors


def _needs_new(name: str) -> Callable[..., JsValue]:
    def call() -> JsValue:
        throw_type_error(f"Class constructor {name} cannot be invoked without 'new'")

    return call


def new_text_encoder() -> JsTextEncoder:
    """``new TextEncoder()``."""
    return JsTextEncoder()


def _text_encoder() -> BuiltinFunction:
    return BuiltinFunction(
        _needs_new("TextEncoder"), "TextEncoder", constructor=new_text_encoder, instances=JsTextEncoder
    )


def _text_decoder() -> BuiltinFunction:
    return BuiltinFunction(
        _needs_new("TextDecoder"), "TextDecoder", constructor=new_text_decoder, instances=JsTextDecoder
    )


def _function(name: str, implementation: Callable[..., JsValue]) -> Callable[[], BuiltinFunction]:
    return lambda: BuiltinFunction(implementation, name)


TEXT_BUILTINS: Final[Mapping[str, Callable[[], BuiltinFunction]]] = {
    "TextDecoder": _text_decoder,
    "TextEncoder": _text_encoder,
    "atob": _function("atob", atob),
    "btoa": _function("btoa", btoa),
    "escape": _function("escape", escape),
    "unescape": _function("unescape", unescape),
}
