"""The JavaScript objects of workerd that Python workers and Cloudflare's SDK refer to.

A worker's snapshot holds references to them, so they exist in every isolate; each is made when it is first looked at.
What they would do in workerd beyond this isolate (bindings, TCP through ``cloudflare:sockets``) they do not do here;
``env`` holds the plain values that the embedder gives, and ``waitUntil`` keeps a request going.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final, TypeGuard

from runtime_core.js.errors import JsError, throw_error, throw_type_error
from runtime_core.js.functions import NativeFunction
from runtime_core.js.globals import LazyObject
from runtime_core.js.operators import to_string
from runtime_core.js.promises import JsPromise, rejected_promise, resolved_promise
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.proxy_object import ProxyObject
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebObject

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

ENTRYPOINT_HELPER: Final = "_pyodide_entrypoint_helper"
COMPATIBILITY_FLAGS: Final = "_cloudflare_compat_flags"
SNAPSHOT_INFO: Final = "_cf_internal_snapshot_info"
GLOBAL_THIS: Final = "global this"
"""How workerd's snapshots name globalThis among the modules."""

_MAX_WAITING: Final = 10_000
_CLASSES: Final = ("WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint", "RpcTarget", "RpcStub")


class WorkerdObjects(LazyObject):
    """Modules and objects by name. ``flags`` are the compatibility flags that the guest sees, by enable name;
    ``from_baseline`` is whether the workerd snapshot that it came from was a baseline. ``waiting`` are the promises
    that were given to ``waitUntil``; ``serves`` is whether a request is being handled.
    """

    __slots__ = ("env", "exports", "flags", "from_baseline", "serves", "waiting")

    def __init__(self, host: JsHost) -> None:
        super().__init__(host, _MAKERS)
        self.flags: Mapping[str, bool] = {}
        self.from_baseline = False
        self.env = JsObject()
        self.exports = JsObject()
        self.serves = False
        self.waiting: deque[JsPromise] = deque()

    def wait_until(self, work: JsValue) -> JsValue:
        """Let the request that is being handled take as long as ``work``, a promise or an awaitable of Python's.

        Raises:
            JsThrow: no request is being handled.
        """
        if not self.serves:
            throw_error("waitUntil is for work that a request begins: there is none at the moment")
        if len(self.waiting) >= _MAX_WAITING:
            throw_error(f"a request has at most {_MAX_WAITING} promises in waitUntil")
        # The caller's proxy of an awaitable lives until its call returns.
        promise = work.copy().ensure_future() if _is_awaitable(work) else resolved_promise(self._host.loop, work)
        promise.handled = True  # what is finished reports it
        self.waiting.append(promise)
        return UNDEFINED

    def made_empty(self) -> dict[str, JsObject]:
        """The objects that modules offer and that have no members in a build, by name."""
        return {"env": self.env, "exports": self.exports}

    def module(self, name: str) -> JsObject | None:
        """A JavaScript module that a snapshot may name; None if this host offers none of that name."""
        if name == GLOBAL_THIS:
            return self._host.globals
        found = self.get_own(name) if name in MODULES else None
        return found if isinstance(found, JsObject) else None


class ExecutionContext(WebObject):
    """``ctx``: what a handler gets beside its request and the environment."""

    __slots__ = ("_props",)

    class_name: ClassVar[str] = "ExecutionContext"
    type_tag: ClassVar[str] = "ExecutionContext"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self._props = JsObject()

    def constructor(self) -> JsValue:
        """The class, which no global names."""
        return _base_class(self.class_name)

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"props": lambda this: this._props}
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        # There is no origin server behind an isolate: an exception is its caller's, as without the call.
        "passThroughOnException": lambda this: UNDEFINED,
        "waitUntil": lambda this, work: this.host.workerd.wait_until(work),
    }


def _is_awaitable(value: JsValue) -> TypeGuard[ProxyObject]:
    return isinstance(value, ProxyObject) and value.supports(ProxyFlag.IS_AWAITABLE)


def _entrypoint_helper(host: JsHost) -> JsValue:
    return LazyObject(host, _HELPER_MAKERS)


def _module(name: str) -> Callable[[JsHost], JsValue]:
    return lambda host: host.workerd.module(name)


def _entrypoint_class(host: JsHost) -> JsValue:
    workers = host.workerd.module("cloudflare:workers")
    return UNDEFINED if workers is None else workers.get("WorkerEntrypoint")


def _import(host: JsHost, name: JsValue) -> JsValue:
    text = to_string(name)
    module = host.workerd.module(text)
    if module is None or text == GLOBAL_THIS:
        return rejected_promise(host.loop, JsError("Error", f'No such module "{text}".'))
    return resolved_promise(host.loop, module)


def _flags(host: JsHost) -> JsValue:
    return JsObject({name: value for name, value in host.workerd.flags.items()})  # noqa: C416 - keys of a wider type


def _snapshot_info(host: JsHost) -> JsValue:
    return JsObject({"loadedSnapshot": True, "loadedBaselineSnapshot": host.workerd.from_baseline})


def _workers(host: JsHost) -> JsValue:
    members: dict[PropertyKey, JsValue] = {name: _base_class(name) for name in _CLASSES}
    members["env"] = host.workerd.env
    members["exports"] = host.workerd.exports
    members["waitUntil"] = NativeFunction(host.workerd.wait_until, "waitUntil")
    members["withEnv"] = _refused("withEnv", "an isolate has the environment that its host gives it")
    return JsObject(members)


def _sockets(host: JsHost) -> JsValue:
    del host
    return JsObject({"connect": _refused("connect", "use Python's socket module")})


def _base_class(name: str) -> JsValue:
    def construct(*_arguments: JsValue) -> JsValue:
        throw_type_error("Illegal constructor")

    return NativeFunction(construct, name)


def _refused(name: str, reason: str) -> JsValue:
    def refuse(*_arguments: JsValue) -> JsValue:
        throw_error(f"{name} is not available in this runtime: {reason}")

    return NativeFunction(refuse, name)


_HELPER_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    "doAnImport": lambda host: NativeFunction(lambda name: _import(host, name), "doAnImport"),
    "cloudflareWorkersModule": _module("cloudflare:workers"),
    "cloudflareSocketsModule": _module("cloudflare:sockets"),
    "workerEntrypoint": _entrypoint_class,
    # Here waitUntil takes awaitables of Python's as they are; there is nothing to patch.
    "patchWaitUntil": lambda host: NativeFunction(lambda _context: UNDEFINED, "patchWaitUntil"),
}

MODULES: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    "cloudflare:workers": _workers,
    "cloudflare:sockets": _sockets,
}
"""JavaScript modules that workers import."""

_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    **MODULES,
    ENTRYPOINT_HELPER: _entrypoint_helper,
    COMPATIBILITY_FLAGS: _flags,
    SNAPSHOT_INFO: _snapshot_info,
}
