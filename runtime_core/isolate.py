"""Isolates: the runtime's public face.

An isolate is one booted guest: real CPython with a memory, a file system and limits of its own. It is cheap: boot one,
use it, drop it. A guest that trapped is never used again.
"""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from runtime_core.emscripten.connections import Connect
from runtime_core.emscripten.host import HostServices, StandardStreams
from runtime_core.engine.errors import GuestExit
from runtime_core.engine.limits import Limits
from runtime_core.guest import Guest
from runtime_core.js import held, proxy_calls
from runtime_core.js.host_fetch import Fetch
from runtime_core.js.pyproxy import PyProxy
from runtime_core.objects import GuestObject, enter_guest
from runtime_core.release import ReleaseFiles
from runtime_core.runtime import Progress, Runtime
from runtime_core.web import Request, Response
from runtime_core.worker import serving
from runtime_core.worker.support import Support
from schemas.errors import (
    EntrypointError,
    FatalIsolateError,
    GuestExitError,
    HostError,
    LimitError,
    PlatformError,
    UnserializableError,
)

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_T = TypeVar("_T")

Sink = Callable[[bytes], object]
"""Takes what a guest writes to a standard stream."""


class IsolateState(Enum):
    """The life cycle: ready, then closed; or ready, then dead where the guest trapped."""

    READY = "ready"
    DEAD = "dead"
    CLOSED = "closed"


def _to_stdout(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _to_stderr(data: bytes) -> None:
    sys.stderr.buffer.write(data)
    sys.stderr.buffer.flush()


@dataclass(frozen=True, kw_only=True, slots=True)
class IsolateOptions:
    """What an isolate may use and where its output goes.

    ``modules`` are offered to the guest for import: name to members, each a plain value or a callable. Callables get
    plain values, and a :class:`~runtime_core.objects.GuestObject` for what cannot be copied, good until they return
    (``copy()`` it to keep it); they return plain values or objects of the guest. ``fetch`` is
    how the guest's ``fetch``, ``pyodide.http`` and ``XMLHttpRequest`` reach the network, for example a
    :class:`runtime_core.fetch.HttpFetch`; without it they fail with a network error. It is called in threads of its
    own. ``connect`` makes TCP connections for the guest's ``socket`` module: it is called with a host (a name as the
    guest gave it, or an address) and a port and returns a connected socket or raises OSError; without it every host is
    unreachable. :class:`runtime_core.fetch.TcpConnect` is one. ``env`` is the environment of a worker,
    its variables and secrets by name: each a str, bytes, or what JSON has.
    """

    limits: Limits = field(default_factory=Limits)
    stdout: Sink = _to_stdout
    stderr: Sink = _to_stderr
    modules: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    fetch: Fetch | None = None
    connect: Connect | None = None
    env: Mapping[str, object] = field(default_factory=dict)


class Isolate:
    """One booted guest. Use it from one thread at a time, and close it (or use ``with``).

    >>> with Isolate.boot(release) as isolate:
    ...     isolate.run("def double(x): return 2 * x")
    ...     isolate.call("double", 21)
    42
    """

    def __init__(self, runtime: Runtime, options: IsolateOptions | None = None) -> None:
        options = options or IsolateOptions()
        self.runtime = runtime
        services = HostServices(
            streams=StandardStreams(write_stdout=options.stdout, write_stderr=options.stderr, are_terminals=False)
        )
        env = serving.environment_of(options.env)
        self._guest: Guest | None
        self._support: Support
        guest, self._support = runtime.boot(services=services, limits=options.limits, modules=options.modules)
        self._guest = guest
        guest.js.wrap_proxy = self._wrap
        self._state = IsolateState.READY
        self._serves = False
        guest.js.workerd.env.own = env
        guest.js.fetch = options.fetch
        guest.emscripten.connect = options.connect

    @classmethod
    def boot(
        cls,
        release: ReleaseFiles,
        *,
        options: IsolateOptions | None = None,
        state_directory: Path | None = None,
        progress: Progress | None = None,
    ) -> Isolate:
        """Boot an isolate from a release.

        The first boot of a release in a process loads it, and on a new machine compiles it, which takes seconds;
        further ones take about a millisecond.

        Raises:
            UnsupportedVersionError, AbiMismatchError: the release is not for this runtime.
            IntegrityError: a file is not the artifact that the manifest names.
            HostError: this machine cannot run it.
        """
        return cls(Runtime.load(release, state_directory=state_directory, progress=progress), options)

    @property
    def state(self) -> IsolateState:
        """Where in its life cycle the isolate is."""
        return self._state

    def run(self, source: str, *, filename: str = "<worker>") -> None:
        """Run source code in the guest's ``__main__`` module.

        Raises:
            PythonError: the code raised; the guest stays usable.
            LimitError: the guest used more than its limits allow and is dead.
            GuestExitError: the guest ended its process and is dead.
            FatalIsolateError: the guest trapped and is dead.
        """
        self._enter(lambda guest: guest.js.call(self._support.execute, (source, filename)))

    def evaluate(self, source: str, *, filename: str = "<worker>", keep: bool = False) -> Any:
        """Run source code and return the value of its last expression, None if it ends with a statement.

        With ``keep`` anything but None, bool, int, float and str stays in the guest: the result is a
        :class:`~runtime_core.objects.GuestObject`.

        Raises:
            UnserializableError: the value cannot cross.
            PythonError, LimitError, GuestExitError, FatalIsolateError: as for :meth:`run`.
        """
        if keep:
            return self._enter_objects(lambda js: held.hold(js, js.evaluate(source, filename, self._support.evaluate)))

        def action(guest: Guest) -> object:
            value = guest.js.run(source, filename=filename, evaluator=self._support.evaluate)
            if not isinstance(value, PyProxy):
                return value
            found = repr(value)[:80]
            value.destroy()
            raise UnserializableError("the value of the last expression cannot leave the guest", found=found)

        return self._enter(action)

    def call(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """Call a function of the guest's ``__main__`` module; a coroutine is awaited.

        Arguments and result are plain values: None, bool, int, float, str, bytes, and lists, tuples, sets and dicts of
        them. Tuples arrive as what the guest's own conversion makes of them. Arguments may also be objects of this
        guest and callables of the host.

        Raises:
            EntrypointError: there is no such function.
            UnserializableError: an argument or the result cannot cross.
            PythonError: the function raised.
            LimitError, GuestExitError, FatalIsolateError: as for :meth:`run`.
        """

        def action(guest: Guest) -> object:
            function = guest.js.get_global(name)
            if not isinstance(function, PyProxy):
                raise EntrypointError(f"{name} is not a function", expected="a callable", found=repr(function)[:80])
            try:
                return guest.js.call(function, args, kwargs)
            finally:
                if not guest.instance.poisoned:
                    function.destroy()

        return self._enter(action)

    def asgi(self, request: Request, *, app: str = "app") -> Response:
        """Send a request to an ASGI application of the worker's main module, such as FastAPI's; the complete response.

        ``app`` is its name there, with dots where it is an attribute of something. It is started at its first request
        and shut down when the isolate is closed. There are no threads: functions that it hands to some run at once.

        Raises:
            EntrypointError: the release is not dedicated to a worker.
            WorkerError: what came is no response.
            PythonError, LimitError, GuestExitError, FatalIsolateError: as for :meth:`run`.
        """
        arguments: list[object] = [self._main(), app, request.to_asgi()]

        def action(guest: Guest) -> object:
            call = [*arguments, guest.js.workerd.env]
            return serving.serve(guest.js, lambda: guest.js.call(self._support.asgi, call))

        answer = self._enter(action)
        self._serves = True
        return Response.from_guest(answer)

    def fetch(self, request: Request) -> Response:
        """Send a request to the worker: to ``fetch`` of its class ``Default``, else to its function ``on_fetch``.

        The answer is complete when the call returns, and what was given to ``waitUntil`` is done: it counts for the
        limits. What fails there is written to the guest's standard error.

        Raises:
            EntrypointError: the release is not dedicated to a worker, or the worker has neither.
            WorkerError: what came is no response.
            PythonError, LimitError, GuestExitError, FatalIsolateError: as for :meth:`run`.
        """
        main = self._main()

        def action(guest: Guest) -> object:
            js = guest.js
            arguments = (main, request.to_fetch(), js.workerd.env, serving.new_context(js))
            return serving.serve(js, lambda: js.call(self._support.fetch, arguments))

        answer = self._enter(action)
        if answer is None:
            raise EntrypointError(f'Python entrypoint "{main}" does not export a handler named "on_fetch"')
        return Response.from_guest(answer)

    def _main(self) -> str:
        if self.runtime.worker.main is None:
            raise EntrypointError(
                "the release is not dedicated to a worker",
                expected="a dedicated snapshot",
                found=self.runtime.snapshot_type.value,
                hint="build one: artifactctl release build --on RELEASE --worker DIR",
            )
        return self.runtime.worker.main

    def get(self, name: str) -> Any:
        """A global of the guest's ``__main__`` module: None, bool, int, float and str as they are, anything else as a
        :class:`~runtime_core.objects.GuestObject`.

        Raises:
            EntrypointError: there is none.
            FatalIsolateError: as for :meth:`run`.
        """
        return self._enter_objects(lambda js: held.hold(js, js.read_global(name)))

    def set(self, name: str, value: object) -> None:
        """Set a global of the guest's ``__main__`` module to a copy of a plain value, to an object of the guest, or to
        a callable of the host.

        Raises:
            UnserializableError: the value cannot cross.
            FatalIsolateError: as for :meth:`run`.
        """
        self._enter_objects(lambda js: js.write_global(name, value))

    def new(self, value: object) -> GuestObject:
        """A new object of the guest: a copy of a plain value, or a function that calls a callable of the host.

        Raises:
            UnserializableError: the value cannot cross.
        """
        made: GuestObject = self._enter_objects(lambda js: held.new_object(js, value))
        return made

    def import_module(self, name: str) -> GuestObject:
        """A module of the guest.

        Raises:
            PythonError: it cannot be imported.
            LimitError, GuestExitError, FatalIsolateError: as for :meth:`run`.
        """
        module: GuestObject = self._enter_objects(lambda js: proxy_calls.import_module(js, name))
        return module

    def close(self) -> None:
        """Write out what the guest printed, then drop it and free its memory. Closing twice does nothing.

        Raises:
            HostError: guest code runs: a host function, or another thread, tries to close the isolate it is called
                from. The isolate goes on as before.
        """
        if self._guest is not None and (self._guest.instance.depth or self._guest.js.coroutines.is_running):
            raise HostError("cannot close an isolate while it runs", hint="close it when the call has returned")
        try:
            if self._state is IsolateState.READY:
                # Whatever the guest did to its streams, it is dropped all the same.
                with contextlib.suppress(PlatformError):
                    if self._serves:
                        self._enter(lambda guest: guest.js.call(self._support.shut_down))
                with contextlib.suppress(PlatformError):
                    self._enter(lambda guest: guest.js.call(self._support.flush))
        finally:
            self._drop()

    def _drop(self) -> None:
        """Free the guest without running anything of it."""
        guest, self._guest = self._guest, None
        if self._state is IsolateState.READY:
            self._state = IsolateState.CLOSED
        if guest is not None:
            self._support.close()
            guest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self, action: Callable[[Guest], _T]) -> _T:
        guest = self._guest
        if guest is None:
            raise HostError(
                f"the isolate is {self._state.value}", hint="boot another one: isolates are not used again after that"
            )
        try:
            return action(guest)
        except FatalIsolateError as error:
            self._bury(guest)
            if isinstance(error.__cause__, LimitError):
                raise copy.copy(error.__cause__) from error  # a copy, or it would be its own cause's cause
            raise
        except LimitError:
            self._bury(guest)
            raise
        except GuestExit as error:
            self._bury(guest)
            raise GuestExitError(
                f"the guest ended its process with status {error.status}", status=error.status
            ) from error
        except BaseException:  # what host functions raise and Ctrl-C leave the guest as dead as a trap does
            if guest.instance.poisoned:
                self._bury(guest)
            raise

    def _enter_objects(self, action: Callable[[JsHost], object]) -> Any:
        """Run an action on the guest; its result as the host gets it."""
        return enter_guest(self._enter, action)

    def _wrap(self, proxy: PyProxy) -> GuestObject:
        """What a callable of the host gets for something that cannot be copied."""
        return GuestObject(self._enter, proxy)

    def _bury(self, guest: Guest) -> None:
        self._state = IsolateState.DEAD
        if not guest.instance.depth:  # else the outermost call is about to fail, too
            self._drop()
