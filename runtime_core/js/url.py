"""``URL`` and ``URLSearchParams``. URLs are parsed by ada, which is what node uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, Final
from urllib.parse import unquote_to_bytes

import ada_url

from runtime_core.js.array_text import check_length
from runtime_core.js.arrays import JsArray
from runtime_core.js.coerce import to_text
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, with_length
from runtime_core.js.iteration import JsIterator, collect
from runtime_core.js.string_methods import check_text_length
from runtime_core.js.values import SYMBOL_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey

Pair = tuple[str, str]
Table = Mapping[PropertyKey, Callable[..., JsValue]]
_MAX_URL: Final = 1 << 24  # characters
_FORM_SAFE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._")


def _scalar(value: JsValue) -> str:
    """An argument as text without lone surrogates, as Web interfaces take it."""
    text = to_text(value)
    if not text.isascii():
        text = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    if len(text) > _MAX_URL:
        check_text_length(float("inf"))
    return text


class NodeError(JsError):
    """An error that shows its code, as those that node throws from its own library."""

    __slots__ = ()

    def to_string(self) -> str:
        """``String(this)``."""
        return f"{self.error_name} [{self.get('code')}]: {self.message}"


def _error(message: str, code: str, *, shown: bool = True, **members: str) -> JsThrow:
    error = (NodeError if shown else JsError)("TypeError", message)
    for name, value in {"code": code, **members}.items():
        error.define(name, value)
    return JsThrow(error)


# ---- forms


def parse_form(text: str) -> list[Pair]:
    """The pairs of a text in ``application/x-www-form-urlencoded``."""
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_form_decode(name), _form_decode(value)))
    return pairs


def _form_decode(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def write_form(pairs: list[Pair]) -> str:
    """Pairs as ``application/x-www-form-urlencoded``."""
    return "&".join(f"{_form_encode(name)}={_form_encode(value)}" for name, value in pairs)


def _form_encode(text: str) -> str:
    data = text.encode("utf-8", "replace")
    return "".join("+" if byte == 0x20 else chr(byte) if byte in _FORM_SAFE else f"%{byte:02X}" for byte in data)


class JsSearchParams(JsObject):
    """A URLSearchParams; ``owner`` is the URL whose query it is."""

    __slots__ = ("owner", "pairs")

    class_name: ClassVar[str] = "URLSearchParams"
    type_tag: ClassVar[str] = "URLSearchParams"

    def __init__(self, pairs: list[Pair], owner: JsUrl | None = None) -> None:
        super().__init__()
        self.pairs = pairs
        self.owner = owner

    def changed(self) -> JsValue:
        """Write the pairs into the URL."""
        check_length(len(self.pairs))
        if self.owner is not None:
            self.owner.url.search = write_form(self.pairs)
        return UNDEFINED

    def iterate(self) -> Iterator[JsValue]:
        """A host iterator over the elements."""
        return (JsArray(pair) for pair in self.live())

    def live(self) -> Iterator[Pair]:
        """The pairs, also those that are added meanwhile."""
        index = 0
        while index < len(self.pairs):
            yield self.pairs[index]
            index += 1

    def describe(self) -> str:
        """A short form for messages."""
        return f"[object {self.type_tag}]"

    def to_string(self) -> str:
        """``String(this)``."""
        return write_form(self.pairs)

    METHODS: ClassVar[Table] = {}  # below
    GETTERS: ClassVar[Table] = {"size": lambda this: len(this.pairs)}


def _required(values: tuple[JsValue, ...], *names: str) -> tuple[str, ...]:
    if len(values) < len(names):
        shown = " and ".join(f'"{name}"' for name in names)
        plural = "argument" if len(names) == 1 else "arguments"
        raise _error(f"The {shown} {plural} must be specified", "ERR_MISSING_ARGS")
    return tuple(map(_scalar, values[: len(names)]))


def _append(this: JsSearchParams, *values: JsValue) -> JsValue:
    name, value = _required(values, "name", "value")
    this.pairs.append((name, value))
    return this.changed()


def _delete(this: JsSearchParams, *values: JsValue) -> JsValue:
    (name,) = _required(values, "name")
    value = None if len(values) < 2 or values[1] is UNDEFINED else _scalar(values[1])
    this.pairs[:] = [pair for pair in this.pairs if pair[0] != name or (value is not None and pair[1] != value)]
    return this.changed()


def _get(this: JsSearchParams, *values: JsValue) -> JsValue:
    (name,) = _required(values, "name")
    return next((value for key, value in this.pairs if key == name), None)


def _get_all(this: JsSearchParams, *values: JsValue) -> JsValue:
    (name,) = _required(values, "name")
    return JsArray(value for key, value in this.pairs if key == name)


def _has(this: JsSearchParams, *values: JsValue) -> JsValue:
    (name,) = _required(values, "name")
    value = None if len(values) < 2 or values[1] is UNDEFINED else _scalar(values[1])
    return any(key == name and (value is None or value == found) for key, found in this.pairs)


def _set(this: JsSearchParams, *values: JsValue) -> JsValue:
    name, value = _required(values, "name", "value")
    first = next((index for index, pair in enumerate(this.pairs) if pair[0] == name), None)
    if first is None:
        this.pairs.append((name, value))
    else:
        rest = [pair for pair in this.pairs[first + 1 :] if pair[0] != name]
        this.pairs[first:] = [(name, value), *rest]
    return this.changed()


def _sort(this: JsSearchParams) -> JsValue:
    this.pairs.sort(key=lambda pair: pair[0].encode("utf-16-be"))
    return this.changed()


def _for_each(this: JsSearchParams, callback: JsValue, this_arg: JsValue = UNDEFINED) -> JsValue:
    if not isinstance(callback, JsFunction):
        raise _error(f'The "callback" argument must be of type function.{_received(callback)}', "ERR_INVALID_ARG_TYPE")
    for key, value in this.live():
        callback.call(this_arg, (value, key, this))
    return UNDEFINED


def _received(value: JsValue) -> str:
    if value is None or value is UNDEFINED:
        return f" Received {to_text(value)}"
    if isinstance(value, JsObject):
        return f" Received an instance of {value.constructor_name()}"
    shown = f"'{value}'" if isinstance(value, str) else to_text(value)
    from runtime_core.js.operators import typeof

    return f" Received type {typeof(value)} ({shown})"


def _iterator(part: Callable[[Pair], JsValue]) -> Callable[..., JsValue]:
    return lambda this: JsIterator((part(pair) for pair in this.live()), "URLSearchParams")


JsSearchParams.METHODS = {
    "append": with_length(2, _append),
    "delete": with_length(1, _delete),
    "get": with_length(1, _get),
    "getAll": with_length(1, _get_all),
    "has": with_length(1, _has),
    "set": with_length(2, _set),
    "sort": _sort,
    "entries": _iterator(JsArray),
    "forEach": _for_each,
    "keys": _iterator(lambda pair: pair[0]),
    "values": _iterator(lambda pair: pair[1]),
    "toString": lambda this: this.to_string(),
    SYMBOL_ITERATOR: _iterator(JsArray),
}


def new_search_params(source: JsValue = UNDEFINED) -> JsValue:
    """``new URLSearchParams(source)``."""
    if source is UNDEFINED or source is None:
        return JsSearchParams([])
    if not isinstance(source, JsObject):
        return JsSearchParams(parse_form(_scalar(source).removeprefix("?")))
    if isinstance(source, JsSearchParams):
        return JsSearchParams(list(source.pairs))
    method = source.get(SYMBOL_ITERATOR)
    if method is UNDEFINED or method is None:
        pairs = {}
        for key in source.own_keys():
            pairs[_scalar(key)] = _scalar(source.get(key))
        return JsSearchParams(list(pairs.items()))
    if not isinstance(method, JsFunction):
        raise _error("Query pairs must be iterable", "ERR_ARG_NOT_ITERABLE")
    return JsSearchParams([_pair(entry) for entry in collect(source)])


def _pair(entry: JsValue) -> Pair:
    found: list[JsValue] = []
    if isinstance(entry, JsObject) and isinstance(entry.get(SYMBOL_ITERATOR), JsFunction):
        found = collect(entry)
    if len(found) != 2:
        raise _error("Each query pair must be an iterable [name, value] tuple", "ERR_INVALID_TUPLE")
    return _scalar(found[0]), _scalar(found[1])


# ---- URL


class JsUrl(JsObject):
    """A URL."""

    __slots__ = ("_params", "url")

    class_name: ClassVar[str] = "URL"
    type_tag: ClassVar[str] = "URL"

    def __init__(self, url: ada_url.URL) -> None:
        super().__init__()
        self.url = url
        self._params: JsSearchParams | None = None

    def read(self, name: str) -> str:
        """A part of the URL."""
        return str(getattr(self.url, name))

    def write(self, name: str, value: JsValue) -> None:
        """Change a part; what does not fit is ignored, but for ``href``.

        Raises:
            JsThrow: TypeError for an ``href`` that is no URL.
        """
        text = _scalar(value)
        try:
            setattr(self.url, name, text)
        except ValueError as error:
            if name == "href":
                raise _error("Invalid URL", "ERR_INVALID_URL", input=text) from error
        if name in ("href", "search") and self._params is not None:
            self._params.pairs[:] = self.query()

    def query(self) -> list[Pair]:
        """The pairs of the query."""
        return parse_form(self.read("search").removeprefix("?"))

    def search_params(self) -> JsSearchParams:
        """The ``searchParams`` property: always the same object."""
        if self._params is None:
            self._params = JsSearchParams(self.query(), self)
        return self._params

    def describe(self) -> str:
        """A short form for messages."""
        return f"[object {self.type_tag}]"

    def to_string(self) -> str:
        """``String(this)``."""
        return self.read("href")

    METHODS: ClassVar[Table] = {"toString": lambda this: this.read("href"), "toJSON": lambda this: this.read("href")}
    GETTERS: ClassVar[Table] = {}  # below
    SETTERS: ClassVar[Mapping[PropertyKey, Callable[..., object]]] = {}  # below


_PARTS: Final = (
    "href",
    "protocol",
    "username",
    "password",
    "host",
    "hostname",
    "port",
    "pathname",
    "search",
    "hash",
)
JsUrl.GETTERS = {
    **{name: (lambda this, name=name: this.read(name)) for name in (*_PARTS, "origin")},
    "searchParams": lambda this: this.search_params(),
}
JsUrl.SETTERS = {name: (lambda this, value, name=name: this.write(name, value)) for name in _PARTS}


def _parsed(url: JsValue, base: JsValue) -> JsUrl:
    text = _scalar(url)
    if base is UNDEFINED:
        return JsUrl(ada_url.URL(text))
    return JsUrl(ada_url.URL(text, _scalar(base)))


def new_url(*values: JsValue) -> JsValue:
    """``new URL(url, base)``."""
    if not values:
        raise _error('The "url" argument must be specified', "ERR_MISSING_ARGS")
    base = values[1] if len(values) > 1 else UNDEFINED
    try:
        return _parsed(values[0], base)
    except ValueError as error:
        extra = {} if base is UNDEFINED else {"base": _scalar(base)}
        raise _error("Invalid URL", "ERR_INVALID_URL", shown=False, input=_scalar(values[0]), **extra) from error


def _parse(*values: JsValue) -> JsValue:
    if not values:
        raise _error('The "url" argument must be specified', "ERR_MISSING_ARGS")
    try:
        return _parsed(values[0], values[1] if len(values) > 1 else UNDEFINED)
    except ValueError:
        return None


def _needs_new(name: str) -> Callable[..., JsValue]:
    def call(*_values: JsValue) -> JsValue:
        throw_type_error(f"Class constructor {name} cannot be invoked without 'new'")

    return call


def make_url() -> BuiltinFunction:
    """``URL``."""
    return BuiltinFunction(
        with_length(1, _needs_new("URL")),
        "URL",
        constructor=new_url,
        instances=JsUrl,
        statics={
            "canParse": with_length(1, lambda *values: _parse(*values) is not None),
            "parse": with_length(1, _parse),
        },
    )


def make_search_params() -> BuiltinFunction:
    """``URLSearchParams``."""
    return BuiltinFunction(
        with_length(0, _needs_new("URLSearchParams")),
        "URLSearchParams",
        constructor=new_search_params,
        instances=JsSearchParams,
    )
