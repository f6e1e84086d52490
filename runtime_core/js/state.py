"""What a snapshot must know of this layer, and taking it up again.

The document is JSON::

    {"version": 1,
     "objects":    [record, ...],           every JavaScript value that the guest refers to, once
     "immortals":  [object index, ...],     the guest's immortal references, in order; -1 = null
     "references": [object index, ...],     its counted references, by table index; -1 = null or free
     "map":        [[object index, reference], ...],    hiwire's map from values to references
     "dtypes":     address,                 format strings of typed arrays
     "proxies":    {name: [pointer, flags]},            what the host holds; the snapshot counts these references
     "workerd":    {"flags": {name: bool}, "from_baseline": bool}}       where the guest came from workerd

A record is a list whose first item says its kind: ``undefined``, ``error``, ``no-value``, ``bool``, ``number``,
``float`` (as text), ``bigint`` (as text), ``string``, ``map``, ``path`` (a root and property names) or ``proxy``
(pointer, flags, roundtrip, capture_this). Objects are stored by where they are found, never by content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.proxy_flags import ProxyProperties
from runtime_core.js.pyproxy import PyProxy, restored_proxy
from runtime_core.js.sweep import add_references, immortal_bits, reference_bits, scratch, sweep
from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED, BigInt, JsObject, JsSymbol, JsValue
from schemas.errors import CaptureError, RestoreError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

VERSION: Final = 1
_NULL: Final = -1
_PROXIES: Final = ("pyodide", "main_globals", "eval_code", "import_hook")
_ROOTS: Final = ("globals", "api", "public_api", "workerd")
_MODULE: Final = "module"
_MAX_PATH: Final = 5
_CONSTANTS: Final[Mapping[str, JsValue]] = {"undefined": UNDEFINED, "error": ERROR, "no-value": NO_VALUE}
_MAX_ENTRIES: Final = 1 << 20
_MAX_FLAGS: Final = 1 << 12
_NAMED: Final = "something reached by attributes from js, pyodide_js or a host module"


class UnnamedValueError(CaptureError):
    """The guest holds a value that no document can refer to; ``value`` is it, for those who know who holds it."""

    def __init__(self, message: str, value: JsValue, *, hint: str | None = None) -> None:
        super().__init__(message, expected=_NAMED, found=repr(value)[:200], hint=hint)
        self.value = value


# ---- capture


def capture(js: JsHost) -> dict[str, object]:
    """The document for the present state.

    Raises:
        CaptureError: the guest refers to a value that has no name, or the host is not at rest.
    """
    if not js.loop.is_idle:
        raise CaptureError("callbacks are still scheduled", hint="let the event loop finish before the capture")
    proxies: dict[str, object] = {}
    for name in _PROXIES:
        proxy: PyProxy | None = getattr(js, name)
        if proxy is None:
            raise CaptureError("the guest has not been bootstrapped", expected=name)
        proxy.shared.cache.clear()
        proxies[name] = [proxy.pointer, proxy.shared.flags]
    check_unchanged(js)
    js.release_collected()
    sweep(js)
    js.release_collected()
    writer = _Writer(js)
    return _workerd_state(js) | {
        "version": VERSION,
        "immortals": [writer.index(js.refs.decode(bits)) for bits in immortal_bits(js)],
        "references": [writer.index(js.refs.decode(bits)) for bits in reference_bits(js)],
        "map": [[writer.index(value), reference] for value, reference in js.reference_map.entries.values()],
        "objects": writer.records,
        "dtypes": js.dtypes_address,
        "proxies": proxies,
    }


def check_unchanged(js: JsHost) -> None:
    """Refuse properties that guest code set on the host's objects: a snapshot would lose them."""
    for root in _ROOTS:
        changed = getattr(js, root).changed_members()
        if changed:
            raise CaptureError(
                "guest code set properties of JavaScript objects, which a snapshot cannot hold",
                expected="the objects as the host made them",
                found=f"{root}: {', '.join(changed)}"[:200],
                hint="delete them before the capture",
            )


class _Writer:
    def __init__(self, js: JsHost) -> None:
        self._js = js
        self._paths: dict[int, list[object]] | None = None
        self._indices: dict[tuple[type, object], int] = {}
        self._kept: list[JsValue] = []
        self.records: list[list[object]] = []

    def index(self, value: JsValue) -> int:
        """The index of the value's record, made on first sight."""
        if value is None:
            return _NULL
        key = (type(value), value if isinstance(value, str | int | float) and value == value else id(value))
        if key not in self._indices:
            self.records.append(self._record(value))
            self._kept.append(value)
            self._indices[key] = len(self.records) - 1
        return self._indices[key]

    def _record(self, value: JsValue) -> list[object]:
        for name, constant in _CONSTANTS.items():
            if value is constant:
                return [name]
        if isinstance(value, bool):
            return ["bool", value]
        if isinstance(value, BigInt):
            return ["bigint", str(int(value))]
        if isinstance(value, int):
            return ["number", value]
        if isinstance(value, float):
            return ["float", repr(value)]
        if isinstance(value, str):
            return ["string", value]
        if value is self._js.reference_map:
            return ["map"]
        if isinstance(value, PyProxy):
            return _proxy_record(value)
        return self._path(value)

    def _path(self, value: JsValue) -> list[object]:
        if self._paths is None:
            self._paths = named_objects(self._js)
        path = self._paths.get(id(value))
        if path is None:
            raise UnnamedValueError(
                "the guest holds a JavaScript value that a snapshot cannot name",
                value,
                hint="create such values inside functions, not at the top level of modules",
            )
        return path


def _proxy_record(proxy: PyProxy) -> list[object]:
    if not proxy.is_alive:
        raise UnnamedValueError("the guest holds a destroyed proxy", proxy)
    if proxy.props.is_bound or proxy.shared.promise is not None:
        raise UnnamedValueError("the guest holds a bound or awaited proxy, which a snapshot cannot hold", proxy)
    return ["proxy", proxy.pointer, proxy.shared.flags, proxy.props.roundtrip, proxy.props.capture_this]


def named_objects(js: JsHost) -> dict[int, list[object]]:
    """The shortest path to every object and symbol that can be reached by properties, by the value's id."""
    found: dict[int, list[object]] = {}
    queue: list[tuple[JsObject | JsSymbol, list[object]]] = [(getattr(js, root), ["path", root]) for root in _ROOTS]
    queue += [(module, ["path", _MODULE, name]) for name, module in js.modules.items()]
    for value, path in queue:  # grows while it is walked: breadth first
        if id(value) in found:
            continue
        found[id(value)] = path
        if len(path) < _MAX_PATH and isinstance(value, JsObject) and not isinstance(value, PyProxy):
            members = ((name, _member(value, name)) for name in _member_names(value))
            queue += [(member, [*path, name]) for name, member in members if isinstance(member, JsObject | JsSymbol)]
    return found


def _member_names(value: JsObject) -> list[str]:
    made = [name for name in (value.own or {}) if isinstance(name, str)]
    return list(dict.fromkeys([*made, *value.own_names(), *value.LASTING]))


def _member(value: JsObject, name: str) -> JsValue:
    return value.get(name) if name in value.LASTING else value.get_own(name)


# ---- restore


def restore(js: JsHost, document: Mapping[str, object]) -> None:
    """Take up a captured state in a fresh host whose instance has the snapshot's memory.

    Raises:
        RestoreError: the document is malformed, or names something this host does not offer.
    """
    if document.get("version") != VERSION:
        raise RestoreError(
            "state of the JavaScript layer", expected=f"version {VERSION}", found=_shown(document.get("version"))
        )
    if js.pyodide is not None:
        raise RestoreError("the host has run before", hint="restore into a fresh instance")
    _restore_workerd(js, document.get("workerd"))
    objects = [_read_record(js, record) for record in _list(document, "objects")]

    def value_at(index: object) -> JsValue:
        if index == _NULL:
            return None
        if type(index) is not int or not 0 <= index < len(objects):
            expected = f"{_NULL} or an index below {len(objects)}"
            raise RestoreError("state of the JavaScript layer: object", expected=expected, found=_shown(index))
        return objects[index]

    encode = js.refs.encode
    address = scratch(js)
    for key, immortal in (("immortals", True), ("references", False)):
        bits = [encode(value_at(index)) for index in _list(document, key)]
        add_references(js, bits, address=address, immortal=immortal)
    for entry in _list(document, "map"):
        if not isinstance(entry, list) or len(entry) != 2:
            raise RestoreError(
                "state of the JavaScript layer: map entry", expected="[object, reference]", found=_shown(entry)
            )
        js.reference_map.put(value_at(entry[0]), _integer(entry[1], "reference"))
    js.dtypes_address = _integer(document.get("dtypes"), "dtypes")
    _restore_proxies(js, document.get("proxies"))


def _restore_proxies(js: JsHost, proxies: object) -> None:
    if not isinstance(proxies, Mapping) or set(proxies) != set(_PROXIES):
        raise RestoreError(
            "state of the JavaScript layer: proxies", expected=", ".join(_PROXIES), found=_shown(proxies)
        )
    for name in _PROXIES:
        entry = proxies[name]
        if not isinstance(entry, list) or len(entry) != 2:
            raise RestoreError("state of the JavaScript layer: proxy", expected="[pointer, flags]", found=_shown(entry))
        setattr(js, name, restored_proxy(js, entry[0], entry[1], what=name))


def _workerd_state(js: JsHost) -> dict[str, object]:
    objects = js.workerd
    if not objects.flags:
        return {}
    return {"workerd": {"flags": dict(objects.flags), "from_baseline": objects.from_baseline}}


def _restore_workerd(js: JsHost, value: object) -> None:
    if value is None:
        return
    flags = value.get("flags") if isinstance(value, Mapping) else None
    from_baseline = value.get("from_baseline") if isinstance(value, Mapping) else None
    if not isinstance(flags, Mapping) or len(flags) > _MAX_FLAGS or {type(flag) for flag in flags.values()} - {bool}:
        raise RestoreError("state of the JavaScript layer: flags", expected="booleans by name", found=repr(flags)[:80])
    if not isinstance(from_baseline, bool):
        raise RestoreError("state of the JavaScript layer: from_baseline", expected="a boolean", found=from_baseline)
    js.workerd.flags = {_text(name): flag for name, flag in flags.items()}
    js.workerd.from_baseline = from_baseline


def _list(document: Mapping[str, object], key: str) -> list[object]:
    value = document.get(key)
    if not isinstance(value, list) or len(value) > _MAX_ENTRIES:
        raise RestoreError(f"state of the JavaScript layer: {key}", expected="a list", found=type(value).__name__)
    return value


def _shown(value: object) -> str:
    """A value as an error shows it. Snapshots are nested at most a hundred levels deep."""
    return repr(value)[:120] if not isinstance(value, int) or value.bit_length() <= 128 else "a larger integer"


def _integer(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(1 << 31) <= value < 1 << 32:
        raise RestoreError(f"state of the JavaScript layer: {what}", expected="an integer", found=_shown(value))
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RestoreError("state of the JavaScript layer: record", expected="text", found=_shown(value))
    return value


def _read_record(js: JsHost, record: object) -> JsValue:
    kind = record[0] if isinstance(record, list) and record else None
    if not isinstance(record, list) or not isinstance(kind, str) or kind not in _READERS:
        expected = ", ".join(_READERS)
        raise RestoreError("state of the JavaScript layer: kind of a record", expected=expected, found=_shown(kind))
    try:
        return _READERS[kind](js, record)
    except (IndexError, ValueError, TypeError) as error:
        raise RestoreError(
            f"state of the JavaScript layer: record of kind {kind}",
            expected="what a capture writes",
            found=_shown(record),
        ) from error


def _read_path(js: JsHost, record: list[object]) -> JsValue:
    root = _text(record[1])
    names = [_text(name) for name in record[2:]]
    value: JsValue
    if root == _MODULE:
        value = js.modules.setdefault(names.pop(0), JsObject())  # filled when the module is added
    elif root in _ROOTS:
        value = getattr(js, root)
    else:
        raise RestoreError("state of the JavaScript layer: path", expected=", ".join(_ROOTS), found=_shown(root))
    for name in names:
        value = _member(value, name) if isinstance(value, JsObject) else UNDEFINED
        if not isinstance(value, JsObject | JsSymbol):
            raise RestoreError(
                "the snapshot refers to something this host does not offer",
                expected=f"an object under {ascii(name)[:80]}",
                found=_shown(record),
            )
    return value


def _read_proxy(js: JsHost, record: list[object]) -> JsValue:
    props = ProxyProperties(roundtrip=_boolean(record[3]), capture_this=_boolean(record[4]))
    return restored_proxy(js, record[1], record[2], what="a proxy", props=props)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise RestoreError("state of the JavaScript layer: flag", expected="true or false", found=_shown(value))
    return value


_READERS: Final[Mapping[str, Callable[[JsHost, list[object]], JsValue]]] = {
    "undefined": lambda js, record: UNDEFINED,
    "error": lambda js, record: ERROR,
    "no-value": lambda js, record: NO_VALUE,
    "bool": lambda js, record: _boolean(record[1]),
    "number": lambda js, record: _integer_text(record[1]),
    "float": lambda js, record: float(_text(record[1])),
    "bigint": lambda js, record: BigInt(_text(record[1])),
    "string": lambda js, record: _text(record[1]),
    "map": lambda js, record: js.reference_map,
    "path": _read_path,
    "proxy": _read_proxy,
}


def _integer_text(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RestoreError("state of the JavaScript layer: number", expected="an integer", found=_shown(value))
    return value
