"""The references to JavaScript that a workerd snapshot records, and the objects of this host that they stand for.

References 0 to 6 are the same in every snapshot and not recorded; ``hiwireKeys`` lists those from 7 on, and
``immortalKeys`` the texts that were interned behind the constants (design: section 2.6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.js.values import UNDEFINED, JsObject, JsValue
from runtime_core.js.workerd import COMPATIBILITY_FLAGS, ENTRYPOINT_HELPER
from schemas.errors import FormatError, RestoreError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost
    from schemas.snapshot_metadata import SnapshotMetadata

FIRST_RECORDED: Final = 7
MAX_REFERENCES: Final = 1 << 16
_MAX_STEPS: Final = 64
_PROTOTYPE_STEPS: Final = frozenset({"Reflect.getProtoTypeOf", "[getProtoTypeOf]"})
"""How workerd and Pyodide write a step to an object's prototype; the spelling is theirs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """What a file records, checked: ``makers`` give the objects of references from FIRST_RECORDED on."""

    makers: tuple[Callable[[JsHost], JsValue], ...]
    immortals: tuple[str, ...]
    modules: tuple[str, ...]

    @classmethod
    def parse(cls, metadata: SnapshotMetadata) -> References:
        """Read a file's metadata.

        Raises:
            RestoreError: it records no references: it was made for a Pyodide before 0.28.
            FormatError: an entry is of no known kind or shape.
        """
        hiwire = metadata.hiwire
        if hiwire is None:
            raise RestoreError(
                "the snapshot records no JavaScript references",
                expected="hiwire",
                hint="it was made for another version of Pyodide",
            )
        keys, immortals = (_list(hiwire, name) for name in ("hiwireKeys", "immortalKeys"))
        return cls(
            makers=tuple(_maker(index, entry) for index, entry in enumerate(keys, FIRST_RECORDED)),
            immortals=tuple(_text(f"immortalKeys[{index}]", entry) for index, entry in enumerate(immortals)),
            modules=metadata.js_module_names,
        )

    def check_modules(self, js: JsHost) -> None:
        """Look at the modules that must be there before anything is made again.

        Raises:
            RestoreError: this host has no module of a name.
        """
        for name in self.modules:
            _module(js, name, "jsModuleNames")


def _maker(index: int, entry: object) -> Callable[[JsHost], JsValue]:
    where = f"hiwireKeys[{index - FIRST_RECORDED}]"
    if entry is None:
        return lambda js: None
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise FormatError(f"{where} in the snapshot", expected="null or an object with one key", found=_shown(entry))
    ((kind, value),) = entry.items()
    if kind == "path":
        steps = _steps(f"{where}.path", value)
        return lambda js: _follow(js.globals, steps, where)
    if kind == "serialized":
        return _serialized(where, value)
    if kind == "API" and value is True:
        return lambda js: js.api
    if kind == "abortSignalAny" and value is True:
        return lambda js: js.api.get("abortSignalAny")
    raise FormatError(
        f"{where} in the snapshot", expected="path, serialized, API or abortSignalAny", found=_shown(kind)
    )


def _serialized(where: str, value: object) -> Callable[[JsHost], JsValue]:
    """What workerd's own serializer wrote."""
    if not isinstance(value, Mapping):
        raise FormatError(f"{where}.serialized in the snapshot", expected="an object", found=_shown(value))
    for key, name in (
        ("pyodide_entrypoint_helper", ENTRYPOINT_HELPER),
        ("cloudflare_compat_flags", COMPATIBILITY_FLAGS),
    ):
        if key in value:
            return lambda js, name=name: js.workerd.get(name)  # type: ignore[misc]  # bound now, not when called
    if "jsModule" in value:
        module = _text(f"{where}.moduleName", value.get("moduleName"))
        steps = _steps(f"{where}.accessorList", value.get("accessorList"))
        return lambda js: _follow(_module(js, module, where), steps, where)
    raise FormatError(f"{where}: cannot deserialize this", expected="an object of workerd", found=_shown(list(value)))


def _module(js: JsHost, name: str, where: str) -> JsObject:
    module = js.workerd.module(name)
    if module is None:
        raise RestoreError(
            f"{where}: this runtime has no JavaScript module of that name",
            expected="cloudflare:workers or cloudflare:sockets",
            found=ascii(name)[:80],
        )
    return module


def _follow(start: JsObject, steps: Sequence[str], where: str) -> JsValue:
    value: JsValue = start
    for count, step in enumerate(steps, 1):
        if not isinstance(value, JsObject):
            break
        value = value.get_prototype() if step in _PROTOTYPE_STEPS else value.get(step)
        if value is UNDEFINED or (value is None and count < len(steps)):
            break
    if value is None or isinstance(value, JsObject):
        return value
    raise RestoreError(
        f"{where}: the snapshot refers to a JavaScript object that this runtime does not offer",
        found=ascii(".".join(steps))[:120],
        hint="create such objects inside functions, not at the top level of modules",
    )


def _steps(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAX_STEPS:
        raise FormatError(f"{where} in the snapshot", expected="a list of names", found=_shown(value))
    return tuple(_text(where, step) for step in value)


def _list(document: Mapping[str, object], key: str) -> list[object]:
    value = document.get(key)
    if not isinstance(value, list) or len(value) > MAX_REFERENCES:
        raise FormatError(
            f"hiwire.{key} in the snapshot", expected=f"a list of at most {MAX_REFERENCES}", found=_shown(value)
        )
    return value


def _text(where: str, value: object) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{where} in the snapshot", expected="text", found=_shown(value))
    return value


def _shown(value: object) -> str:
    return ascii(value)[:80] if value is None or isinstance(value, str | int | float) else type(value).__name__
