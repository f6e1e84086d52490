"""``Headers`` (Fetch standard, section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.arrays import JsArray, require_function
from runtime_core.js.errors import throw_type_error
from runtime_core.js.iteration import JsIterator, collect, iterate
from runtime_core.js.operators import get_property, has_method, to_string
from runtime_core.js.values import SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey, utf16_length
from runtime_core.js.web_class import WebClass, WebObject, require_arguments

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE: Final = re.compile(r"[\0\r\n]")
_BLANK: Final = "\t\r\n "
_MAX_ENTRIES: Final = 4_096
_EXPECTED: Final = "sequence<sequence<ByteString>>, record<ByteString, ByteString>"


def byte_string(value: JsValue) -> str:
    """A value as a string of bytes.

    Raises:
        JsThrow: TypeError where it has other characters.
    """
    text = to_string(value)
    if not text.isascii():
        for index, char in enumerate(text):
            if char > "\xff":
                unit = ord(char) if char <= "\uffff" else 0xD800 + (ord(char) - 0x10000 >> 10)
                where = utf16_length(text[:index])
                throw_type_error(
                    f"Cannot convert argument to a ByteString because the character at index {where} has a value of "
                    f"{unit} which is greater than 255."
                )
    return text


class HeaderList:
    """Names and values in the order they came; names are compared without regard to case."""

    __slots__ = ("entries",)

    def __init__(self, entries: Iterable[tuple[str, str]] = ()) -> None:
        self.entries = list(entries)

    def get(self, name: str) -> str | None:
        """All values of a name, joined, or None."""
        values = [value for key, value in self.entries if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def append(self, name: str, value: str) -> None:
        """Add a value."""
        if len(self.entries) >= _MAX_ENTRIES:
            throw_type_error(f"Headers.append: more than {_MAX_ENTRIES} headers")
        self.entries.append((name, value))

    def delete(self, name: str) -> None:
        """Remove all values of a name."""
        self.entries = [entry for entry in self.entries if entry[0].lower() != name.lower()]

    def set(self, name: str, value: str) -> None:
        """Replace all values of a name, at the place of its first one."""
        for index, (key, _) in enumerate(self.entries):
            if key.lower() == name.lower():
                rest = [entry for entry in self.entries[index + 1 :] if entry[0].lower() != name.lower()]
                self.entries[index:] = [(key, value), *rest]
                return
        self.append(name, value)

    def sorted(self) -> list[tuple[str, str]]:
        """As scripts iterate them: sorted, joined, each cookie on its own."""
        joined: dict[str, list[str]] = {}
        for key, value in self.entries:
            joined.setdefault(key.lower(), []).append(value)
        result: list[tuple[str, str]] = []
        for name in sorted(joined):
            values = joined[name]
            result += [(name, value) for value in values] if name == "set-cookie" else [(name, ", ".join(values))]
        return result


def _for_each(this: JsHeaders, callback: JsValue, this_arg: JsValue) -> JsValue:
    function = require_function(callback)
    for name, value in this.list.sorted():
        function.call(this_arg, (value, name, this))
    return UNDEFINED


class JsHeaders(WebObject):
    """A Headers object; an immutable one belongs to a reply of the network."""

    __slots__ = ("immutable", "list")

    class_name: ClassVar[str] = "Headers"
    type_tag: ClassVar[str] = "Headers"

    def __init__(self, host: JsHost, entries: Iterable[tuple[str, str]] = (), *, immutable: bool = False) -> None:
        super().__init__(host)
        self.list = HeaderList(entries)
        self.immutable = immutable

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over ``[name, value]``."""
        return (JsArray(entry) for entry in self.list.sorted())

    def change(self, method: str, name: JsValue, value: JsValue) -> None:
        """``append`` or ``set``."""
        name = _checked_name(method, byte_string(name))
        text = byte_string(value).strip(_BLANK)
        if _BAD_VALUE.search(text):
            throw_type_error(f'Headers.{method}: "{text}" is an invalid header value.')
        if self.immutable:
            throw_type_error("immutable")
        (self.list.append if method == "append" else self.list.set)(name, text)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "append": lambda this, *args: _change(this, "append", args),
        "set": lambda this, *args: _change(this, "set", args),
        "delete": lambda this, *args: _delete(this, args),
        "get": lambda this, *args: this.list.get(_name_argument("get", args)),
        "has": lambda this, *args: this.list.get(_name_argument("has", args)) is not None,
        "getSetCookie": lambda this: JsArray(v for k, v in this.list.entries if k.lower() == "set-cookie"),
        "forEach": _for_each,
        "keys": lambda this: JsIterator(name for name, _ in this.list.sorted()),
        "values": lambda this: JsIterator(value for _, value in this.list.sorted()),
        "entries": lambda this: JsIterator(this.iterate()),
        SYMBOL_ITERATOR: lambda this: JsIterator(this.iterate()),
    }


def _checked_name(method: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        throw_type_error(f'Headers.{method}: "{name}" is an invalid header name.')
    return name


def _name_argument(method: str, args: tuple[JsValue, ...]) -> str:
    require_arguments(f"Headers.{method}", args, 1)
    return _checked_name(method, byte_string(args[0]))


def _change(this: JsHeaders, method: str, args: tuple[JsValue, ...]) -> JsValue:
    require_arguments(f"Headers.{method}", args, 2)
    this.change(method, args[0], args[1])
    return UNDEFINED


def _delete(this: JsHeaders, args: tuple[JsValue, ...]) -> JsValue:
    name = _name_argument("delete", args)
    if this.immutable:
        throw_type_error("immutable")
    this.list.delete(name)
    return UNDEFINED


def fill(headers: JsHeaders, init: JsValue, where: str = "Headers constructor") -> None:
    """Add what a Headers object, a list of pairs or a record of names and values says."""
    if not isinstance(init, JsObject):
        throw_type_error(f"{where}: Argument 1 could not be converted to one of: {_EXPECTED}.")
    if isinstance(init, JsHeaders):
        for name, value in init.list.entries:
            headers.change("append", name, value)
    elif has_method(init, SYMBOL_ITERATOR):
        for pair in iterate(init):
            items = collect(pair)
            if len(items) != 2:
                throw_type_error(f"{where}: expected name/value pair to be length 2, found {len(items)}.")
            headers.change("append", items[0], items[1])
    else:
        for key in init.own_keys():
            headers.change("append", key, get_property(init, key))


def headers_class(host: JsHost) -> JsValue:
    """``Headers``."""

    def construct(init: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        headers = JsHeaders(host)
        if init is not UNDEFINED and init is not None:
            fill(headers, init)
        return headers

    return WebClass(JsHeaders, construct, inner_name="_Headers")
