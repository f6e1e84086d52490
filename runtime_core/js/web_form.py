"""``FormData`` and its two encodings: ``multipart/form-data`` (RFC 7578) and ``x-www-form-urlencoded``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import parse_qsl

from runtime_core.js.arrays import JsArray, require_function
from runtime_core.js.entropy import random_bytes
from runtime_core.js.errors import throw_type_error
from runtime_core.js.iteration import JsIterator
from runtime_core.js.operators import to_string
from runtime_core.js.values import SYMBOL_ITERATOR, UNDEFINED, JsValue, PropertyKey
from runtime_core.js.web_blob import MAX_BYTES, JsBlob, JsFile
from runtime_core.js.web_class import WebClass, WebObject, require_arguments

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MAX_ENTRIES: Final = 65_536
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_DISPOSITION: Final = re.compile(r'form-data; *name="([^"]*)"(?:; *filename="([^"]*)")?', re.IGNORECASE)


def _for_each(this: JsFormData, callback: JsValue, this_arg: JsValue) -> JsValue:
    function = require_function(callback)
    for name, value in list(this.entries):
        function.call(this_arg, (value, name, this))
    return UNDEFINED


class JsFormData(WebObject):
    """A list of names with strings or files."""

    __slots__ = ("entries",)

    class_name: ClassVar[str] = "FormData"
    type_tag: ClassVar[str] = "FormData"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self.entries: list[tuple[str, str | JsFile]] = []

    def append(self, name: str, value: str | JsFile) -> None:
        """Add an entry."""
        if len(self.entries) >= _MAX_ENTRIES:
            throw_type_error(f"FormData.append: more than {_MAX_ENTRIES} entries")
        self.entries.append((name, value))

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over ``[name, value]``."""
        return (JsArray(entry) for entry in list(self.entries))

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "append": lambda this, *args: _append(this, args),
        "set": lambda this, *args: _set(this, args),
        "delete": lambda this, *args: _delete(this, args),
        "get": lambda this, *args: next(iter(_all(this, "get", args)), None),
        "getAll": lambda this, *args: JsArray(_all(this, "getAll", args)),
        "has": lambda this, *args: bool(_all(this, "has", args)),
        "forEach": _for_each,
        "keys": lambda this: JsIterator(name for name, _ in list(this.entries)),
        "values": lambda this: JsIterator(value for _, value in list(this.entries)),
        "entries": lambda this: JsIterator(this.iterate()),
        SYMBOL_ITERATOR: lambda this: JsIterator(this.iterate()),
    }


def _entry(this: JsFormData, where: str, args: tuple[JsValue, ...]) -> tuple[str, str | JsFile]:
    require_arguments(f"FormData.{where}", args, 2)
    name, value = to_string(args[0]), args[1]
    filename = to_string(args[2]) if len(args) > 2 and args[2] is not UNDEFINED else None
    if isinstance(value, JsBlob):
        if not isinstance(value, JsFile) or filename is not None:
            own = value.name if isinstance(value, JsFile) else "blob"
            value = JsFile(this.host, value.data, own if filename is None else filename, value.kind)
        return name, value
    if filename is not None:
        throw_type_error(f"FormData.{where}: Expected value to be an instance of Blob.")
    return name, to_string(value)


def _append(this: JsFormData, args: tuple[JsValue, ...]) -> JsValue:
    this.append(*_entry(this, "append", args))
    return UNDEFINED


def _set(this: JsFormData, args: tuple[JsValue, ...]) -> JsValue:
    name, value = _entry(this, "set", args)
    for index, (key, _) in enumerate(this.entries):
        if key == name:
            rest = [entry for entry in this.entries[index + 1 :] if entry[0] != name]
            this.entries[index:] = [(name, value), *rest]
            return UNDEFINED
    this.append(name, value)
    return UNDEFINED


def _delete(this: JsFormData, args: tuple[JsValue, ...]) -> JsValue:
    require_arguments("FormData.delete", args, 1)
    name = to_string(args[0])
    this.entries = [entry for entry in this.entries if entry[0] != name]
    return UNDEFINED


def _all(this: JsFormData, where: str, args: tuple[JsValue, ...]) -> list[JsValue]:
    require_arguments(f"FormData.{where}", args, 1)
    name = to_string(args[0])
    return [value for key, value in this.entries if key == name]


def form_data_class(host: JsHost) -> JsValue:
    """``FormData``."""

    def construct(form: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        if form is not UNDEFINED:
            throw_type_error("FormData constructor: Argument 1 could not be converted to one of: undefined.")
        return JsFormData(host)

    return WebClass(JsFormData, construct)


# ---- encodings


def encode_multipart(form: JsFormData) -> tuple[bytes, str]:
    """The body and its boundary."""
    boundary = f"----formdata-{int.from_bytes(random_bytes(form.host.emscripten.entropy, 8), 'little'):020d}"
    data = bytearray()
    for name, value in form.entries:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_escape(_normal(name))}"'
        if isinstance(value, str):
            part = f"{head}\r\n\r\n{_normal(value)}\r\n".encode("utf-8", "replace")
        else:
            kind = value.kind or "application/octet-stream"
            head = f'{head}; filename="{_escape(value.name)}"\r\nContent-Type: {kind}\r\n\r\n'
            part = b"".join((head.encode("utf-8", "replace"), value.data, b"\r\n"))
        data += part
        if len(data) > MAX_BYTES:
            throw_type_error(f"a body has at most {MAX_BYTES} bytes")
    data += f"--{boundary}--\r\n".encode()
    return bytes(data), boundary


def _normal(text: str) -> str:
    return _LINE_BREAK.sub("\r\n", text)


def _escape(text: str) -> str:
    return text.replace("\n", "%0A").replace("\r", "%0D").replace('"', "%22")


def _unescape(text: str) -> str:
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%22", '"')


def decode_urlencoded(host: JsHost, data: bytes) -> JsFormData:
    """The form that an urlencoded body says."""
    form = JsFormData(host)
    text = data.decode("utf-8", "replace")
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        form.append(name, value)
    return form


def decode_multipart(host: JsHost, data: bytes, boundary: str) -> JsFormData | None:
    """The form that a multipart body says; None where it is malformed."""
    form = JsFormData(host)
    delimiter = b"--" + boundary.encode("latin-1", "replace")
    if not data.startswith(delimiter):
        return None
    position = len(delimiter)
    while data[position : position + 2] == b"\r\n":
        end = data.find(b"\r\n" + delimiter, position)
        split = data.find(b"\r\n\r\n", position)
        if end < 0 or not 0 <= split <= end or split - position > 1 << 16:
            return None
        if not _add_part(form, data[position + 2 : split], data[split + 4 : end]):
            return None
        position = end + 2 + len(delimiter)
    return form if data[position : position + 2] == b"--" else None


def _add_part(form: JsFormData, head: bytes, body: bytes) -> bool:
    fields = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        fields[key.strip().lower()] = value.strip()
    match = _DISPOSITION.fullmatch(fields.get("content-disposition", ""))
    if match is None:
        return False
    name, filename = match[1], match[2]
    if filename is None:
        form.append(_unescape(name), body.decode("utf-8", "replace"))
    else:
        form.append(
            _unescape(name), JsFile(form.host, body, _unescape(filename), fields.get("content-type", "text/plain"))
        )
    return True
