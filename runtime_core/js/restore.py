"""Taking up what a snapshot knows of this layer; :mod:`runtime_core.js.state` describes the document.

The document is read and checked once. What is left for each isolate is what depends on its host and its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.js.proxy_flags import ProxyProperties
from runtime_core.js.pyproxy import restored_proxy
from runtime_core.js.state import MODULE, NULL, PROXIES, ROOTS, VERSION, member
from runtime_core.js.sweep import add_references, scratch
from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED, BigInt, JsObject, JsSymbol, JsValue
from schemas.errors import RestoreError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MAX_ENTRIES: Final = 1 << 20
_MAX_FLAGS: Final = 1 << 12
_WHAT: Final = "state of the JavaScript layer"

_Maker = Callable[["JsHost"], JsValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class JsState:
    """A document, read and checked. ``objects`` make the values, the other members refer to them by index."""

    objects: tuple[_Maker, ...]
    immortals: tuple[int, ...]
    references: tuple[int, ...]
    map: tuple[tuple[int, int], ...]
    dtypes: int
    proxies: tuple[tuple[str, object, object], ...]
    flags: Mapping[str, bool] | None
    from_baseline: bool

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> JsState:
        """Read a document.

        Raises:
            RestoreError: it is malformed, or of another version.
        """
        if document.get("version") != VERSION:
            raise RestoreError(_WHAT, expected=f"version {VERSION}", found=_shown(document.get("version")))
        objects = tuple(_parse_record(record) for record in _list(document, "objects"))
        count = len(objects)
        flags, from_baseline = _parse_workerd(document.get("workerd"))
        return cls(
            objects=objects,
            immortals=tuple(_index(item, count) for item in _list(document, "immortals")),
            references=tuple(_index(item, count) for item in _list(document, "references")),
            map=tuple(_map_entry(entry, count) for entry in _list(document, "map")),
            dtypes=_integer(document.get("dtypes"), "dtypes"),
            proxies=tuple(_parse_proxies(document.get("proxies"))),
            flags=flags,
            from_baseline=from_baseline,
        )

    def restore(self, js: JsHost) -> None:
        """Take up the state in a fresh host whose instance has the snapshot's memory.

        Raises:
            RestoreError: it names something this host does not offer, or an address outside of memory.
        """
        if js.pyodide is not None:
            raise RestoreError("the host has run before", hint="restore into a fresh instance")
        if self.flags is not None:
            js.workerd.flags = dict(self.flags)
            js.workerd.from_baseline = self.from_baseline
        values = [*(make(js) for make in self.objects), None]  # the last stands at index NULL
        encode = js.refs.encode
        address = scratch(js)
        for indices, immortal in ((self.immortals, True), (self.references, False)):
            add_references(js, [encode(values[index]) for index in indices], address=address, immortal=immortal)
        for index, reference in self.map:
            js.reference_map.put(values[index], reference)
        js.dtypes_address = self.dtypes
        for name, pointer, flags in self.proxies:
            setattr(js, name, restored_proxy(js, pointer, flags, what=name))


def _parse_proxies(proxies: object) -> list[tuple[str, object, object]]:
    if not isinstance(proxies, Mapping) or set(proxies) != set(PROXIES):
        raise RestoreError(f"{_WHAT}: proxies", expected=", ".join(PROXIES), found=_shown(proxies))
    entries = []
    for name in PROXIES:
        entry = proxies[name]
        if not isinstance(entry, list) or len(entry) != 2:
            raise RestoreError(f"{_WHAT}: proxy", expected="[pointer, flags]", found=_shown(entry))
        entries.append((name, entry[0], entry[1]))
    return entries


def _parse_workerd(value: object) -> tuple[Mapping[str, bool] | None, bool]:
    if value is None:
        return None, False
    flags = value.get("flags") if isinstance(value, Mapping) else None
    from_baseline = value.get("from_baseline") if isinstance(value, Mapping) else None
    if not isinstance(flags, Mapping) or len(flags) > _MAX_FLAGS or {type(flag) for flag in flags.values()} - {bool}:
        raise RestoreError(f"{_WHAT}: flags", expected="booleans by name", found=repr(flags)[:80])
    if not isinstance(from_baseline, bool):
        raise RestoreError(f"{_WHAT}: from_baseline", expected="a boolean", found=from_baseline)
    return {_text(name): flag for name, flag in flags.items()}, from_baseline


# ---- parts of the document


def _list(document: Mapping[str, object], key: str) -> list[object]:
    value = document.get(key)
    if not isinstance(value, list) or len(value) > _MAX_ENTRIES:
        raise RestoreError(f"{_WHAT}: {key}", expected="a list", found=type(value).__name__)
    return value


def _shown(value: object) -> str:
    """A value as an error shows it. Snapshots are nested at most a hundred levels deep."""
    return repr(value)[:120] if not isinstance(value, int) or value.bit_length() <= 128 else "a larger integer"


def _index(value: object, count: int) -> int:
    if type(value) is not int or not NULL <= value < count:
        raise RestoreError(f"{_WHAT}: object", expected=f"{NULL} or an index below {count}", found=_shown(value))
    return value


def _map_entry(entry: object, count: int) -> tuple[int, int]:
    if not isinstance(entry, list) or len(entry) != 2:
        raise RestoreError(f"{_WHAT}: map entry", expected="[object, reference]", found=_shown(entry))
    return _index(entry[0], count), _integer(entry[1], "reference")


def _integer(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(1 << 31) <= value < 1 << 32:
        raise RestoreError(f"{_WHAT}: {what}", expected="an integer", found=_shown(value))
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RestoreError(f"{_WHAT}: record", expected="text", found=_shown(value))
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise RestoreError(f"{_WHAT}: flag", expected="true or false", found=_shown(value))
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RestoreError(f"{_WHAT}: number", expected="an integer", found=_shown(value))
    return value


# ---- records


def _parse_record(record: object) -> _Maker:
    kind = record[0] if isinstance(record, list) and record else None
    if not isinstance(record, list) or not isinstance(kind, str) or kind not in _READERS:
        raise RestoreError(f"{_WHAT}: kind of a record", expected=", ".join(_READERS), found=_shown(kind))
    try:
        return _READERS[kind](record)
    except (IndexError, ValueError, TypeError) as error:
        raise RestoreError(
            f"{_WHAT}: record of kind {kind}", expected="what a capture writes", found=_shown(record)
        ) from error


def _value(value: JsValue) -> _Maker:
    return lambda js: value


def _read_path(record: list[object]) -> _Maker:
    root, *names = (_text(item) for item in record[1:])
    if root == MODULE:
        module, *names = names
    elif root not in ROOTS:
        raise RestoreError(f"{_WHAT}: path", expected=", ".join(ROOTS), found=_shown(root))

    def find(js: JsHost) -> JsValue:
        # A module is filled when it is added.
        value = js.modules.setdefault(module, JsObject()) if root == MODULE else getattr(js, root)
        for name in names:
            value = member(value, name) if isinstance(value, JsObject) else UNDEFINED
            if not isinstance(value, JsObject | JsSymbol):
                raise RestoreError(
                    "the snapshot refers to something this host does not offer",
                    expected=f"an object under {ascii(name)[:80]}",
                    found=_shown(record),
                )
        return value

    return find


def _read_proxy(record: list[object]) -> _Maker:
    pointer, flags = record[1], record[2]
    props = ProxyProperties(roundtrip=_boolean(record[3]), capture_this=_boolean(record[4]))
    return lambda js: restored_proxy(js, pointer, flags, what="a proxy", props=props)


_READERS: Final[Mapping[str, Callable[[list[object]], _Maker]]] = {
    "undefined": lambda record: _value(UNDEFINED),
    "error": lambda record: _value(ERROR),
    "no-value": lambda record: _value(NO_VALUE),
    "bool": lambda record: _value(_boolean(record[1])),
    "number": lambda record: _value(_number(record[1])),
    "float": lambda record: _value(float(_text(record[1]))),
    "bigint": lambda record: _value(BigInt(_text(record[1]), 0)),
    "string": lambda record: _value(_text(record[1])),
    "map": lambda record: lambda js: js.reference_map,
    "path": _read_path,
    "proxy": _read_proxy,
}
