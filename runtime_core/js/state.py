"""What a snapshot must know of this layer: capturing it. :mod:`runtime_core.js.restore` takes it up again.

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
``float`` (as text), ``bigint`` (as text: decimal, or after 0x hexadecimal), ``string``, ``map``, ``path`` (a root and
property names) or ``proxy`` (pointer, flags, roundtrip, capture_this). Objects are stored by where they are found,
never by content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.sweep import immortal_bits, reference_bits, sweep
from runtime_core.js.values import ERROR, NO_VALUE, UNDEFINED, BigInt, JsObject, JsSymbol, JsValue
from schemas.errors import CaptureError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

VERSION: Final = 1
NULL: Final = -1
PROXIES: Final = ("pyodide", "main_globals", "eval_code", "import_hook")
ROOTS: Final = ("globals", "api", "public_api", "workerd")
MODULE: Final = "module"
_MAX_PATH: Final = 5
_CONSTANTS: Final[Mapping[str, JsValue]] = {"undefined": UNDEFINED, "error": ERROR, "no-value": NO_VALUE}
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
    for name in PROXIES:
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
    changed = {root: getattr(js, root).changed_members() for root in ROOTS}
    for name, empty in js.workerd.made_empty().items():
        changed[name] = [str(key) for key in empty.own or ()]
    for where, names in changed.items():
        if names:
            raise CaptureError(
                "guest code set properties of JavaScript objects, which a snapshot cannot hold",
                expected="the objects as the host made them",
                found=f"{where}: {', '.join(names)}"[:200],
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
            return NULL
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
            return ["bigint", repr(value).removesuffix("n")]
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
    queue: list[tuple[JsObject | JsSymbol, list[object]]] = [(getattr(js, root), ["path", root]) for root in ROOTS]
    queue += [(module, ["path", MODULE, name]) for name, module in js.modules.items()]
    for value, path in queue:  # grows while it is walked: breadth first
        if id(value) in found:
            continue
        found[id(value)] = path
        if len(path) < _MAX_PATH and isinstance(value, JsObject) and not isinstance(value, PyProxy):
            members = ((name, member(value, name)) for name in _member_names(value))
            queue += [(item, [*path, name]) for name, item in members if isinstance(item, JsObject | JsSymbol)]
    return found


def _member_names(value: JsObject) -> list[str]:
    made = [name for name in (value.own or {}) if isinstance(name, str)]
    return list(dict.fromkeys([*made, *value.own_names(), *value.LASTING]))


def member(value: JsObject, name: str) -> JsValue:
    """What a path goes through: an own property as stored, or a lasting one of the class."""
    return value.get(name) if name in value.LASTING else value.get_own(name)


def _workerd_state(js: JsHost) -> dict[str, object]:
    objects = js.workerd
    if not objects.flags:
        return {}
    return {"workerd": {"flags": dict(objects.flags), "from_baseline": objects.from_baseline}}
