"""The references to JavaScript that a guest holds, as workerd's snapshots record them (design: section 2.6).

The opposite of :mod:`runtime_core.workerd.references`: objects are recorded by where they are found again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime_core.js.operators import to_string, type_tag, typeof
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.state import check_unchanged, named_objects
from runtime_core.js.sweep import immortal_bits, reference_bits, sweep
from runtime_core.js.values import JsObject, JsValue
from runtime_core.js.workerd import COMPATIBILITY_FLAGS, ENTRYPOINT_HELPER, MODULES
from runtime_core.workerd.references import FIRST_RECORDED
from schemas.errors import CaptureError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_HELPERS: Final[Mapping[str, str]] = {
    ENTRYPOINT_HELPER: "pyodide_entrypoint_helper",
    COMPATIBILITY_FLAGS: "cloudflare_compat_flags",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedReferences:
    """``hiwire`` as the file's metadata holds it, and the names of the JavaScript modules to import before."""

    hiwire: Mapping[str, object]
    modules: tuple[str, ...]


def record_references(js: JsHost) -> RecordedReferences:
    """Record what the guest refers to. It must be at rest.

    Raises:
        CaptureError: it refers to a value that workerd would not find again, or waits for callbacks.
    """
    if not js.loop.is_idle:
        raise CaptureError("callbacks are still scheduled", hint="let the event loop finish before the capture")
    check_unchanged(js)
    js.release_collected()
    sweep(js)
    values = [js.refs.decode(bits) for bits in reference_bits(js)]
    _check_fixed(js, values[:FIRST_RECORDED])
    recorder = _Recorder(js)
    keys = [recorder.entry(value) for value in values[FIRST_RECORDED:]]
    immortals = [js.refs.decode(bits) for bits in immortal_bits(js)][FIRST_RECORDED:]
    for value in immortals:
        if not isinstance(value, str):
            raise CaptureError("the guest interned a value that is no text", found=_described(value))
    return RecordedReferences(
        hiwire={"hiwireKeys": keys, "immortalKeys": immortals}, modules=tuple(dict.fromkeys(recorder.modules))
    )


def _check_fixed(js: JsHost, found: Sequence[object]) -> None:
    """The references that every snapshot has, and no file records."""
    schedule, packages = js.api.get("scheduleCallback"), js.public_api.get("loadedPackages")
    expected = (None, js.globals, js.public_api, js.api, schedule, js.api, packages)
    for index, (wanted, value) in enumerate(zip(expected, found, strict=True)):
        if wanted is not value:
            raise CaptureError(
                f"reference {index} of the guest is not what every snapshot has there", found=_described(value)
            )


class _Recorder:
    def __init__(self, js: JsHost) -> None:
        self._js = js
        self._paths = named_objects(js)
        self.modules: list[str] = []

    def entry(self, value: JsValue) -> object:
        """One entry of ``hiwireKeys``."""
        if value is None:
            return None
        if value is self._js.api:
            return {"API": True}
        path = self._paths.get(id(value)) if isinstance(value, JsObject) and not isinstance(value, PyProxy) else None
        match path:
            case ["path", "globals", *names]:
                return {"path": names}
            case ["path", "api", "abortSignalAny"]:
                return {"abortSignalAny": True}
            case ["path", "workerd", str(name)] if name in _HELPERS:
                return {"serialized": {_HELPERS[name]: True}}
            case ["path", "workerd", str(name), *names] if name in MODULES:
                self.modules.append(name)
                return {"serialized": {"jsModule": True, "moduleName": name, "accessorList": names}}
        raise CaptureError(
            "Can't serialize top-level variable.",
            expected="what attributes of js or of a JavaScript module lead to",
            found=_described(value),
            hint="review the global variables that the worker and its modules make at their top level",
        )


def _described(value: JsValue) -> str:
    try:
        text = to_string(value)
    except Exception as error:  # noqa: BLE001 - guest code may run, and an error must not hide the one reported
        text = type(error).__name__
    return f"{typeof(value)} {type_tag(value)}: {text}"[:200]
