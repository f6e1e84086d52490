"""The metadata of a snapshot: typed values <-> the JSON object in workerd's wire format.

Two shapes exist. The current one has ``"version":1``. The old one has no version: the whole object maps library names
to their handles, but for one entry ``settings``. Keys this module does not know are carried through, in their order, so
that newer files survive a pass through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from schemas import strict_json
from schemas.errors import FormatError, UnsupportedVersionError

METADATA_VERSION: Final = 1
_MAX_ADDRESS: Final = 2**32 - 1
_WHAT: Final = "snapshot metadata"
_KNOWN: Final = (
    "version",
    "dsoHandles",
    "hiwire",
    "jsModuleNames",
    "settings",
    "soMemoryBases",
    "soTableBases",
    "loadOrder",
)
_KNOWN_SETTINGS: Final = ("baselineSnapshot", "snapshotType", "compatFlags")

_T = TypeVar("_T")


class SnapshotType(StrEnum):
    """How far the captured interpreter had come."""

    BASELINE = "baseline"
    """After the imports every worker needs."""
    PACKAGE = "package"
    """After the imports of named packages; workerd stopped making these in 2026."""
    DEDICATED = "dedicated"
    """After the worker's own top level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotSettings:
    """What the snapshot was made with."""

    snapshot_type: SnapshotType = SnapshotType.BASELINE
    baseline_snapshot: bool | None = None
    """Older spelling of the type; ``None`` where the file does not have it."""
    compat_flags: Mapping[str, bool] = field(default_factory=dict)
    """workerd's compatibility flags by enable name; recorded, never compared."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Keys this version does not know, as JSON values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotMetadata:
    """Everything a snapshot records beside linear memory. Addresses are in linear memory, unsigned."""

    settings: SnapshotSettings = field(default_factory=SnapshotSettings)
    dso_handles: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Live dlopen handles (addresses) by library name; the main program has no entry."""
    hiwire: Mapping[str, object] | None = None
    """How to make the table of JavaScript references again; absent in files made for Pyodide 0.26."""
    js_module_names: tuple[str, ...] = ()
    """JavaScript modules to import before references are made again; ``"global this"`` is globalThis."""
    so_memory_bases: Mapping[str, int] = field(default_factory=dict)
    """Address of each library's data, by full path and by base name."""
    so_table_bases: Mapping[str, int] | None = None
    """Function table length when each library was loaded; absent in files made before October 2025."""
    load_order: tuple[str, ...] = ()
    """Libraries in the order of their first load."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Keys this version does not know, as JSON values."""
    version: int = METADATA_VERSION


def metadata_to_json(metadata: SnapshotMetadata) -> str:
    """The JSON text, keys in workerd's order.

    Raises:
        FormatError: a value the format cannot hold, or an extra key with the name of a known one.
    """
    if metadata.version != METADATA_VERSION:
        raise UnsupportedVersionError(f"{_WHAT} version", expected=METADATA_VERSION, found=metadata.version)
    _refuse_known("extra", metadata.extra, _KNOWN)
    value: dict[str, object] = {
        "version": metadata.version,
        "dsoHandles": {name: {"handles": list(handles)} for name, handles in metadata.dso_handles.items()},
    }
    if metadata.hiwire is not None:
        value["hiwire"] = dict(metadata.hiwire)
    value["jsModuleNames"] = list(metadata.js_module_names)
    value["settings"] = _settings_to_object(metadata.settings)
    value["soMemoryBases"] = dict(metadata.so_memory_bases)
    if metadata.so_table_bases is not None:
        value["soTableBases"] = dict(metadata.so_table_bases)
    value["loadOrder"] = list(metadata.load_order)
    value.update(metadata.extra)
    _from_object(value)  # what is written can be read
    return strict_json.dumps(value, what=_WHAT)


def metadata_from_json(data: bytes | memoryview) -> SnapshotMetadata:
    """Read metadata of either shape.

    Raises:
        UnsupportedVersionError: neither shape, but a version of its own.
        FormatError: anything else that is not metadata.
    """
    value = _object("", strict_json.loads(data, what=_WHAT))
    old = value.get("version") in (None, False, 0, "")  # what JavaScript takes for false
    return _from_old_object(value) if old else _from_object(value)


def _from_object(value: Mapping[str, object]) -> SnapshotMetadata:
    version = value["version"]
    if type(version) is not int or version != METADATA_VERSION:
        raise UnsupportedVersionError(f"{_WHAT} version", expected=METADATA_VERSION, found=_shown(version))
    hiwire = value.get("hiwire")
    table_bases = value.get("soTableBases")
    return SnapshotMetadata(
        settings=_settings(value.get("settings", {})),
        dso_handles=_mapping("dsoHandles", value.get("dsoHandles", {}), _handles),
        hiwire=None if hiwire is None else _object("hiwire", hiwire),
        js_module_names=_sequence("jsModuleNames", value.get("jsModuleNames", []), _text),
        so_memory_bases=_mapping("soMemoryBases", value.get("soMemoryBases", {}), _address),
        so_table_bases=None if table_bases is None else _mapping("soTableBases", table_bases, _address),
        load_order=_sequence("loadOrder", value.get("loadOrder", []), _text),
        extra=_without(value, _KNOWN),
    )


def _from_old_object(value: Mapping[str, object]) -> SnapshotMetadata:
    handles = _without(value, ("version", "settings"))
    return SnapshotMetadata(
        settings=_settings(value.get("settings", {})),
        dso_handles=_mapping("dsoHandles", handles, _handles),
    )


def _settings(value: object) -> SnapshotSettings:
    settings = _object("settings", value)
    baseline = settings.get("baselineSnapshot")
    if baseline is not None:
        _flag("settings.baselineSnapshot", baseline)
    kind = settings.get("snapshotType", SnapshotType.BASELINE)
    if kind not in tuple(SnapshotType):
        raise _wrong("settings.snapshotType", "baseline, package or dedicated", kind)
    return SnapshotSettings(
        snapshot_type=SnapshotType(str(kind)),
        baseline_snapshot=bool(baseline) if baseline is not None else None,
        compat_flags=_mapping("settings.compatFlags", settings.get("compatFlags", {}), _flag),
        extra=_without(settings, _KNOWN_SETTINGS),
    )


def _settings_to_object(settings: SnapshotSettings) -> dict[str, object]:
    _refuse_known("settings.extra", settings.extra, _KNOWN_SETTINGS)
    value: dict[str, object] = {}
    if settings.baseline_snapshot is not None:
        value["baselineSnapshot"] = settings.baseline_snapshot
    value["snapshotType"] = str(settings.snapshot_type)
    value["compatFlags"] = dict(settings.compat_flags)
    value.update(settings.extra)
    return value


def _without(value: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {key: item for key, item in value.items() if key not in keys}


def _refuse_known(path: str, extra: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in extra:
        if not isinstance(key, str) or key in known:
            raise FormatError(f"{_WHAT}: {path} must not hold this key", found=ascii(key)[:80])


def _wrong(path: str, expected: str, found: object) -> FormatError:
    where = f"{_WHAT}: {path}" if path else _WHAT
    return FormatError(f"{where} has the wrong type or value", expected=expected, found=_shown(found))


def _shown(value: object) -> str:
    """A value as an error shows it: short, and no walk into a deep or huge one."""
    return ascii(value)[:80] if value is None or isinstance(value, str | int | float) else type(value).__name__


def _object(path: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    return value


def _mapping(path: str, value: object, item: Callable[[str, object], _T]) -> dict[str, _T]:
    return {key: item(f"{path}[{ascii(key)[:80]}]", entry) for key, entry in _object(path, value).items()}


def _sequence(path: str, value: object, item: Callable[[str, object], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list):
        raise _wrong(path, "an array", value)
    return tuple(item(f"{path}[{index}]", entry) for index, entry in enumerate(value))


def _handles(path: str, value: object) -> tuple[int, ...]:
    return _sequence(f"{path}.handles", _object(path, value).get("handles", []), _address)


def _text(path: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(path, "a string", value)
    return value


def _flag(path: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(path, "true or false", value)
    return value


def _address(path: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_ADDRESS:
        raise _wrong(path, "an integer from 0 to 4294967295", value)
    return value
