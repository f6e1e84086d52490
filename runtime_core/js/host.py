"""The JavaScript half of an isolate's host state, and the host's way to run and call guest code."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from runtime_core.emscripten.errno import Errno
from runtime_core.engine.current import CURRENT
from runtime_core.js.array_buffer import ACTIVE, BufferBudget, HeapBuffer
from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.convert import HeldObject, HostReader, to_guest
from runtime_core.js.errors import JsError, JsPythonError
from runtime_core.js.eventloop import EventLoop, wait_for
from runtime_core.js.globals import GLOBAL_MAKERS, GlobalObject, LazyObject
from runtime_core.js.guest import GuestApi
from runtime_core.js.host_coroutines import HostCoroutines
from runtime_core.js.host_fetch import Fetch
from runtime_core.js.host_modules import check_module_name, make_module
from runtime_core.js.maps import JsMap
from runtime_core.js.nested import wait_suspended
from runtime_core.js.operators import to_string, type_tag, typeof
from runtime_core.js.promises import JsPromise, run_until_settled
from runtime_core.js.proxy_flags import ProxyFlag
from runtime_core.js.public_api import API_MAKERS, PUBLIC_MAKERS
from runtime_core.js.pyproxy import PyProxy, PyProxyFunction, call_object
from runtime_core.js.sweep import sweep
from runtime_core.js.values import ABSENT, UNDEFINED, BigInt, JsObject, JsSymbol, JsValue
from runtime_core.js.web_fetch import Fetches
from runtime_core.js.workerd import WorkerdObjects
from schemas.errors import EntrypointError, HostError, PythonError, UnserializableError, WorkerError

if TYPE_CHECKING:
    from runtime_core.emscripten.host import EmscriptenHost
    from runtime_core.engine.instance import GuestInstance
    from runtime_core.js.refs import RefTable

_T = TypeVar("_T")
_V = TypeVar("_V")


class JsHost:
    """One per instance. Making one is cheap and enters no guest; :meth:`bootstrap` or a captured state
    (:mod:`runtime_core.js.restore`) bring it to life.

    Guest exceptions leave the public methods as PythonError; other JavaScript errors as WorkerError.
    """

    globals: LazyObject
    api: LazyObject
    public_api: LazyObject
    loop: EventLoop
    reference_map: JsMap

    def __init__(
        self,
        instance: GuestInstance,
        emscripten: EmscriptenHost,
        refs: RefTable,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[..., object] = wait_for,
    ) -> None:
        self.instance = instance
        self.memory = instance.memory
        self.emscripten = emscripten
        self.refs = refs
        self.guest = GuestApi(instance)
        self.loop = EventLoop(clock=clock, sleep=sleep, on_error=self.report, on_rejection=self._report_rejection)
        self.globals = GlobalObject(self, GLOBAL_MAKERS)
        self.api = LazyObject(self, API_MAKERS)
        self.public_api = LazyObject(self, PUBLIC_MAKERS)
        self.workerd = WorkerdObjects(self)
        self.modules: dict[str, JsObject] = {}
        self.reference_map = JsMap()
        self.symbols: dict[str, JsSymbol] = {}
        self.dtypes_address = 0
        self.coroutines = HostCoroutines()
        self.loop.operations.append(self.coroutines)
        self.may_wait = False
        self.waits = 0
        self.wait_failure: JsThrow | WorkerError | None = None
        self.kept_exceptions: list[tuple[JsValue, int]] = []
        self.releases: deque[int] = deque()
        self.buffer_releases: deque[int] = deque()
        self.fetch: Fetch | None = None
        """How the guest reaches the network; None where it may not."""
        self.fetches = Fetches(self)
        self.pyodide: PyProxy | None = None
        self.main_globals: PyProxy | None = None
        self.eval_code: PyProxy | None = None
        self.import_hook: PyProxy | None = None
        self.wrap_proxy: Callable[[PyProxy], object] = lambda proxy: proxy  # for the host, where it cannot be copied
        self.debug = False  # pyodide.setDebug: say more about destroyed proxies
        refs.register_proxy_type(PyProxy)
        refs.register_proxy_type(PyProxyFunction)
        refs.register_proxy_type(JsPromise)
        refs.register_primitive_type(BigInt)
        refs.register_array(JsArray)
        self.buffer_budget = BufferBudget()
        self._heap_buffer: HeapBuffer | None = None

    # ---- modules and bootstrap

    def add_module(self, name: str, members: Mapping[str, object]) -> None:
        """Offer a module: ``import name`` in the guest gives its members. Before a restore it must be added again.

        Raises:
            ConfigError: an unusable name or member.
        """
        check_module_name(name)
        self.modules.setdefault(name, JsObject()).own = make_module(self, members).own
        if self.import_hook is not None:
            self._guarded(self._register_module, self.import_hook, name)

    def _register_module(self, hook: PyProxy, name: str) -> None:
        register = hook.get_attribute("register_js_module")
        self.require_callable(register).call_python((name, self.modules[name]))

    def bootstrap(self) -> None:
        """Bring up ``_pyodide_core``, ``js``, ``pyodide_js`` and ``pyodide`` in a freshly started interpreter.

        Raises:
            HostError: the guest refused, with its traceback.
        """
        from runtime_core.js.bootstrap import bootstrap

        try:
            self._guarded(bootstrap, self)
        except PythonError as error:
            raise HostError(f"the guest failed to bootstrap: {error.traceback}") from error

    # ---- running guest code

    def run(self, source: str, *, filename: str = "<exec>", evaluator: PyProxy | None = None) -> object:
        """Run source code in ``__main__``; returns the value of a last expression as plain Python, or as a proxy that
        the caller owns where it cannot cross. ``evaluator`` is a function of source and file name that does it.

        Raises:
            PythonError: the code raised.
        """
        return self._guarded(self._run, source, filename, evaluator)

    def _run(self, source: str, filename: str, evaluator: PyProxy | None) -> object:
        result = self.evaluate(source, filename, evaluator)
        try:
            value = HostReader(self).read(result)
        except UnserializableError:
            return result
        if isinstance(result, PyProxy):
            result.destroy()
        return value

    def evaluate(self, source: str, filename: str, evaluator: PyProxy | None = None) -> JsValue:
        """The value of a last expression as JavaScript sees it.

        Raises:
            JsThrow: the code raised.
        """
        if self.eval_code is None or self.main_globals is None:
            raise HostError("the isolate has not been bootstrapped")
        if evaluator is not None:
            return call_object(self, evaluator.pointer, (source, filename), {}, may_wait=True)
        arguments = (source, self.main_globals)
        return call_object(self, self.eval_code.pointer, arguments, {"filename": filename}, may_wait=True)

    def get_global(self, name: str) -> object:
        """A global of ``__main__``: a plain value for primitives, else a proxy that the caller owns.

        Raises:
            EntrypointError: there is none.
        """
        return self._guarded(self._get_global, name)

    def _get_global(self, name: str) -> object:
        value = self.read_global(name)
        return value if isinstance(value, JsObject) else HostReader(self).read(value)

    def read_global(self, name: str) -> JsValue:
        """A global of ``__main__`` as JavaScript sees it.

        Raises:
            EntrypointError: there is none.
        """
        if self.main_globals is None:
            raise HostError("the isolate has not been bootstrapped")
        value = self.main_globals.get_item(name)
        if value is UNDEFINED and not self.main_globals.contains(name):
            raise EntrypointError("the worker does not define this name", expected=name)
        return value

    def write_global(self, name: str, value: object) -> None:
        """Set a global of ``__main__`` to what ``value`` becomes in the guest.

        Raises:
            UnserializableError: it cannot cross.
        """
        if self.main_globals is None:
            raise HostError("the isolate has not been bootstrapped")
        given = to_guest(self, value, as_argument=True)
        try:
            self.main_globals.set_item(name, given)
        finally:
            if isinstance(given, PyProxy) and not isinstance(value, PyProxy | HeldObject):
                given.destroy()

    def call(self, target: PyProxy, args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None) -> object:
        """Call a guest object with plain arguments; returns its result as plain Python. A coroutine is run to its end.

        Raises:
            PythonError: it raised.
            UnserializableError: an argument or the result cannot cross.
        """
        return self._guarded(self._call, target, args, kwargs)

    def _call(self, target: PyProxy, args: Sequence[object], kwargs: Mapping[str, object] | None) -> object:
        return self._finish(self.invoke(target, args, kwargs))

    def invoke(
        self,
        target: PyProxy,
        args: Sequence[object],
        kwargs: Mapping[str, object] | None = None,
        *,
        schedule: bool = True,
    ) -> JsValue:
        """Call a guest object with plain arguments and held objects; its result as JavaScript sees it. With
        ``schedule`` a coroutine runs at once.

        Raises:
            JsThrow: the guest raised.
            UnserializableError: an argument cannot cross.
        """
        sources = (*args, *(kwargs or {}).values())
        values: list[JsValue] = []
        try:
            values.extend(to_guest(self, source, as_argument=True) for source in sources)
            keywords = dict(zip(kwargs or (), values[len(args) :], strict=True))
            return call_object(self, target.pointer, values[: len(args)], keywords, schedule=schedule, may_wait=True)
        finally:
            for source, value in zip(sources, values, strict=False):
                if isinstance(value, PyProxy) and not isinstance(source, PyProxy | HeldObject):
                    value.destroy()

    def _finish(self, result: JsValue) -> object:
        """A result as plain Python; awaitables are awaited."""
        while True:
            if isinstance(result, PyProxy) and (result.supports(ProxyFlag.IS_AWAITABLE) or result.shared.promise):
                result = self.settle(result.ensure_future())
            elif isinstance(result, JsPromise):
                result = self.settle(result)
            else:
                break
        try:
            return HostReader(self).read(result)
        finally:
            if isinstance(result, PyProxy):
                result.destroy()

    def settle(self, promise: JsPromise) -> JsValue:
        """Run the loop until a promise settles; its value."""
        if self.instance.depth:  # a host function waits, on top of the guest code that called it
            return wait_suspended(self, promise)
        return run_until_settled(promise, after_task=self._after_task)

    def _after_task(self) -> None:
        if self.instance.poisoned:  # a coroutine of the host used the isolate, and that ended it
            self.instance.refuse()
        self._after()

    def to_guest(self, value: object) -> object:
        """A plain value as what the guest receives as an equal Python object; containers become owned proxies."""
        return self._guarded(to_guest, self, value)

    def from_guest(self, value: object) -> object:
        """A JavaScript value or a proxy as plain Python.

        Raises:
            UnserializableError: it cannot cross.
        """
        return self._guarded(HostReader(self).read, value)

    # ---- references

    def perform(self, function: Callable[..., _T], *args: object) -> _T:
        """Run host code that enters the guest: JavaScript errors become errors of the host, then housekeeping.

        Raises:
            PythonError: the guest raised.
        """
        return cast("_T", self._guarded(function, *args))

    def collect(self) -> None:
        """Give back what the host let go of, and free dead references; does nothing inside a guest call."""
        self.release_collected()
        if CURRENT.host is None and not self.instance.poisoned:
            sweep(self)

    def after_task(self) -> None:
        """Housekeeping between tasks of the event loop, for those that run it from outside."""
        self._after()

    def _after(self) -> None:
        """What follows guest code when no guest frame is left on the stack: microtasks, then housekeeping."""
        if CURRENT.host is not None or self.instance.poisoned:
            return
        self.loop.run_microtasks()
        self.buffer_budget.large.tidy()
        if self.releases or self.buffer_releases:
            self.release_collected()
        if self.refs.sweep_is_due or self.buffer_budget.sweep_is_due:
            sweep(self)
            self.buffer_budget.note_sweep()
            self.release_collected()

    def release_collected(self) -> None:
        """Give references back that belonged to collected proxies; does nothing inside a guest call."""
        if CURRENT.host is not None or self.instance.poisoned:
            return
        while self.releases:
            self.guest.Py_DecRef(self.releases.popleft())
        while self.buffer_releases:
            view = self.buffer_releases.popleft()
            self.guest.PyBuffer_Release(view)
            self.guest.PyMem_Free(view)

    def close(self) -> None:
        """Let go of the guest without entering it; coroutines of host modules are cancelled."""
        self.coroutines.close()
        self.releases.clear()
        for proxy in (self.pyodide, self.main_globals, self.eval_code, self.import_hook):
            if proxy is not None:
                proxy.shared.pointer = 0
        self.pyodide = self.main_globals = self.eval_code = self.import_hook = None

    def heap_buffer(self) -> HeapBuffer:
        """The guest's memory as an ArrayBuffer; another one once the memory has grown, as in JavaScript."""
        if self._heap_buffer is None or self._heap_buffer.is_detached:
            self._heap_buffer = HeapBuffer(self.memory)
        return self._heap_buffer

    # ---- snapshot

    def capture_state(self) -> dict[str, object]:
        """What a snapshot must know of this layer, as JSON data.

        Raises:
            CaptureError: a value that the guest refers to cannot be named.
        """
        from runtime_core.js.state import capture

        return capture(self)

    # ---- for the imports and proxies of this layer

    def throw_python_error(self) -> NoReturn:
        """Throw the exception that is set in the guest as a JavaScript error."""
        raise JsThrow(self.guest.wrap_exception())

    def set_guest_error(self, value: JsValue) -> None:
        """Set the guest's error indicator to what JavaScript threw."""
        guest = self.guest
        if isinstance(value, JsPythonError) and guest.restore_sys_last_exception(value.address):
            return
        exception = guest.JsProxy_create(_as_error(value))
        if exception:
            guest.set_error(exception)
            guest.Py_DecRef(exception)

    def new_utf8(self, text: str) -> int:
        """A C string in guest memory that the guest frees.

        Raises:
            JsThrow: the guest is out of memory.
        """
        data = text.encode("utf-8", "replace") + b"\0"
        address = self.guest.malloc(len(data))
        if not address:
            raise JsThrow(JsError("RangeError", "out of memory"))
        self.memory.write(address, data)
        return int(address)

    def require_callable(self, value: JsValue) -> PyProxy:
        """A value that must be a proxy of a Python callable."""
        if not isinstance(value, PyProxy) or not value.supports(ProxyFlag.IS_CALLABLE):
            raise HostError("the guest's Pyodide modules are not as expected", expected="a callable", found=repr(value))
        return value

    def thrown_value(self, error: PythonError) -> JsValue:
        """The JavaScript error for a guest exception that travelled through the host."""
        cause = error.__cause__
        if isinstance(cause, JsThrow):
            return cause.value
        return JsError(error.type_name, error.message)

    def report(self, value: JsValue) -> None:
        """Show an error that a callback threw and nobody caught, as a browser's console does."""
        self._show_uncaught("Uncaught", value)

    def _report_rejection(self, value: JsValue) -> None:
        """Show the reason of a rejected promise that nobody handled."""
        self._show_uncaught("Uncaught (in promise)", value)

    def _show_uncaught(self, what: str, value: JsValue) -> None:
        text = _text_of(value, to_string, type_tag, typeof)
        # The guest may have closed its standard error.
        with contextlib.suppress(Errno):
            self.emscripten.files.get(2).write(f"{what} {text}\n".encode("utf-8", "replace"))

    def _guarded(self, function: Callable[..., object], *args: object) -> object:
        """Run host code that enters the guest: JavaScript errors become errors of the host, then housekeeping."""
        outer, ACTIVE.budget = ACTIVE.budget, self.buffer_budget
        with self.instance.working():
            try:
                return function(*args)
            except JsThrow as thrown:
                raise host_error(thrown.value) from thrown
            finally:
                self._after()
                ACTIVE.budget = outer


def host_error(value: JsValue) -> WorkerError:
    """The host's exception for what guest code threw and did not handle."""
    if isinstance(value, JsPythonError):
        traceback = _text_of(value, lambda value: value.message, lambda value: value.type_name)
        return PythonError(_summary(traceback, value.type_name), type_name=value.type_name, traceback=traceback)
    if isinstance(value, JsError):
        text = _text_of(value, lambda value: value.to_string(), lambda value: value.error_name)
        return PythonError(text, type_name=value.error_name, traceback=text)
    return PythonError(f"the guest threw {typeof(value)}", type_name=typeof(value), traceback="")


def _text_of(value: _V, *conversions: Callable[[_V], str]) -> str:
    """What the first conversion gives that does not fail: the guest decides what its values do when they are shown."""
    for convert in conversions[:-1]:
        with contextlib.suppress(JsThrow, RecursionError):
            return convert(value)
    return conversions[-1](value)


def _summary(traceback: str, type_name: str) -> str:
    """The last ``Type: message`` of a formatted traceback."""
    lines = traceback.rstrip().splitlines()
    for index in range(len(lines) - 1, -1, -1):
        head = lines[index].partition(":")[0]
        if head == type_name or head.endswith("." + type_name.rpartition(".")[2]):
            return "\n".join(lines[index:])
    return lines[-1] if lines else type_name


def _as_error(value: JsValue) -> JsValue:
    """What Pyodide raises in the guest for a thrown value that is no error object."""
    if isinstance(value, JsObject) and value.lookup("stack") is not ABSENT and value.lookup("message") is not ABSENT:
        return value
    if isinstance(value, str):
        return JsError("Error", value)
    message = f"A value of type {typeof(value)} with tag {type_tag(value)} was thrown as an error!"
    try:
        message += f'\nString interpolation of the thrown value gives """{to_string(value)}""".'
    except (JsThrow, RecursionError):
        message += "\nString interpolation of the thrown value fails."
    try:
        message += f'\nThe thrown value\'s toString method returns """{_shown(value)}""".'
    except (JsThrow, RecursionError):
        message += "\nThe thrown value's toString method fails."
    return JsError("Error", message)


def _shown(value: JsValue) -> str:
    """``value.toString()``, for any thrown value."""
    if value is None or value is UNDEFINED:
        raise JsThrow(JsError("TypeError", f"Cannot read properties of {to_string(value)} (reading 'toString')"))
    return f"Symbol({value.description})" if isinstance(value, JsSymbol) else to_string(value)
