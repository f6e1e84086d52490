"""``fetch``: requests of the guest, answered by what the embedder granted, or by the URL itself (``data:``)."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from runtime_core.js.control import JsThrow
from runtime_core.js.deliveries import Deliveries, Task
from runtime_core.js.errors import DomError, JsError
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.host_fetch import MAX_RUNNING, MAX_WAITING, FetchFailedError, FetchReply, FetchRequest
from runtime_core.js.operators import to_boolean
from runtime_core.js.promises import JsPromise
from runtime_core.js.values import UNDEFINED, JsObject, JsValue
from runtime_core.js.web_request import JsRequest, new_request, parse_url
from runtime_core.js.web_response import network_response

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

NOT_GRANTED: Final = "the host has not granted this isolate access to the network"
_LOG: Final = logging.getLogger(__name__)
_DATA: Final = re.compile(r"([^,]*?)(;[ ]*base64)?[ ]*", re.IGNORECASE)
_MIME: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(;.*)?", re.ASCII)
_DEFAULT_HEADERS: Final = (("accept", "*/*"), ("accept-language", "*"), ("user-agent", "node"))

Outcome = FetchReply | FetchFailedError


def network_error(cause: FetchFailedError | str) -> JsError:
    """The TypeError that says that a fetch came to nothing, with the reason as its cause."""
    text = str(cause)
    inner = JsError("Error", text)
    code = cause.code if isinstance(cause, FetchFailedError) else ""
    if code:
        inner.set("code", code)
    message = f"fetch failed: {text}" if text == NOT_GRANTED else "fetch failed"
    return JsError("TypeError", message, cause=inner)


def data_reply(url: str) -> FetchReply | None:
    """What a ``data:`` URL says (Fetch standard, section 6); None where it is malformed."""
    url = url.partition("#")[0]
    head, comma, rest = url.removeprefix("data:").partition(",")
    if not comma:
        return None
    match = _DATA.fullmatch(head)
    body = unquote_to_bytes(rest)
    if match is not None and match[2]:
        text = re.sub(rb"[\t\n\f\r ]", b"", body)
        text = text.rstrip(b"=") if len(text) % 4 == 0 else text
        try:
            body = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            return None
    kind = (match[1] if match is not None else head).strip()
    kind = f"text/plain{kind}" if kind.startswith(";") else kind
    if not _MIME.fullmatch(kind):
        kind = "text/plain;charset=US-ASCII"
    headers = (("content-type", kind),)
    return FetchReply(status=200, reason="OK", headers=headers, body=body, url=url)


def host_request(request: JsRequest, data: bytes | None, cancelled: Callable[[], bool]) -> FetchRequest:
    """What the embedder's function gets."""
    url = parse_url(request.url)
    url.hash = ""
    headers = list(request.headers.list.entries)
    names = {name.lower() for name, _ in headers}
    headers += [entry for entry in _DEFAULT_HEADERS if entry[0] not in names]
    return FetchRequest(
        method=request.method,
        url=url.href,
        headers=tuple(headers),
        body=data,
        redirect=str(request.choices["redirect"]),
        cancelled=cancelled,
    )


def perform(js: JsHost, request: FetchRequest) -> Outcome:
    """Call the embedder's function; whatever it raises is a failed request.

    The guest learns the class of what should not have been raised; the embedder finds the rest in the log.
    """
    if js.fetch is None:
        return FetchFailedError(NOT_GRANTED)
    try:
        reply: object = js.fetch(request)
    except FetchFailedError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a guest must not end its host's thread
        _LOG.exception("the function granted as IsolateOptions.fetch failed")
        return FetchFailedError(f"the host's fetch failed: {type(error).__name__}")
    if not isinstance(reply, FetchReply):
        return FetchFailedError(f"the host's fetch returned {type(reply).__name__}, not a FetchReply")
    return reply


class Fetches:
    """The asynchronous requests of one isolate: a few run, each in its thread, others wait."""

    __slots__ = ("_deliveries", "_js", "_running", "_waiting")

    def __init__(self, js: JsHost) -> None:
        self._js = js
        self._deliveries: Deliveries | None = None
        self._running = 0
        self._waiting: deque[tuple[FetchRequest, Callable[[Outcome], None]]] = deque()

    def start(self, request: FetchRequest, done: Callable[[Outcome], None]) -> None:
        """Perform a request; ``done`` is called by the event loop."""
        if len(self._waiting) >= MAX_WAITING:
            done(FetchFailedError(f"more than {MAX_WAITING} requests are waiting"))
            return
        self._waiting.append((request, done))
        self._fill()

    def _fill(self) -> None:
        while self._waiting and self._running < MAX_RUNNING:
            self._run(*self._waiting.popleft())

    def _run(self, request: FetchRequest, done: Callable[[Outcome], None]) -> None:
        self._running += 1
        js = self._js
        deliver = self._expect()

        def finished(outcome: Outcome) -> None:
            self._running -= 1
            self._fill()
            done(outcome)

        def work() -> None:
            outcome = FetchFailedError("cancelled") if request.cancelled() else perform(js, request)
            deliver(lambda: finished(outcome))

        threading.Thread(target=work, name="guest fetch", daemon=True).start()

    def _expect(self) -> Callable[[Task], None]:
        if self._deliveries is None:
            self._deliveries = Deliveries(self._js.loop.schedule_immediate)
            self._js.loop.operations.append(self._deliveries)
        return self._deliveries.expect()


class _Exchange:
    """One call of ``fetch``."""

    __slots__ = ("_aborted", "_js", "_promise", "_request")

    def __init__(self, js: JsHost, request: JsRequest, promise: JsPromise) -> None:
        self._js = js
        self._request = request
        self._promise = promise
        self._aborted = False

    def begin(self) -> None:
        """Answer at once, or start the request."""
        if not self._watch(self._request.signal):
            return
        scheme = self._request.url.partition(":")[0]
        if scheme == "data":
            reply = data_reply(self._request.url)
            self._settle(FetchFailedError("failed to fetch the data URL") if reply is None else reply)
        elif scheme not in ("http", "https"):
            text = "invalid method" if scheme == "about" else "unknown scheme"
            self._settle(FetchFailedError(text))
        elif self._js.fetch is None:
            self._settle(FetchFailedError(NOT_GRANTED))
        elif self._request.is_null:
            self._send(None)
        else:
            self._request.consume(self._sent).then(UNDEFINED, NativeFunction(self._promise.reject))

    def _sent(self, data: bytes) -> JsValue:
        self._send(data)
        return UNDEFINED

    def _send(self, data: bytes | None) -> None:
        request = host_request(self._request, data, lambda: self._aborted)
        self._js.fetches.start(request, self._settle)

    def _settle(self, outcome: Outcome) -> None:
        if self._aborted:
            return
        if isinstance(outcome, FetchFailedError):
            self._promise.reject(network_error(outcome))
        else:
            self._promise.resolve(network_response(self._js, outcome, has_body=self._request.method != "HEAD"))

    def _watch(self, signal: JsValue) -> bool:
        """Reject when the signal aborts; false if it did already."""
        if not isinstance(signal, JsObject):
            return True

        def abort() -> JsValue:
            self._aborted = True
            reason = signal.get("reason")
            self._promise.reject(
                DomError("This operation was aborted", "AbortError") if reason is UNDEFINED else reason
            )
            return UNDEFINED

        if to_boolean(signal.get("aborted")):
            abort()
            return False
        listen = signal.get("addEventListener")
        if isinstance(listen, JsFunction):
            listen.call(signal, ("abort", NativeFunction(abort)))
        return True


def fetch_function(js: JsHost) -> JsValue:
    """``fetch``."""

    def fetch(source: JsValue, options: JsValue) -> JsValue:
        promise = JsPromise(js.loop)
        try:
            request = new_request(js, source, options)
            _Exchange(js, request, promise).begin()
        except JsThrow as thrown:
            promise.reject(thrown.value)
        return promise

    return NativeFunction(fetch, "fetch")
