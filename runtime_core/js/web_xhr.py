"""``XMLHttpRequest`` (XMLHttpRequest standard), synchronous and asynchronous.

Browsers have it, node has not; ``pyodide.http.open_url`` and ``pyodide.http.pyxhr`` need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

import ada_url

from runtime_core.js import json_text
from runtime_core.js.buffers import JsArrayBuffer
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import DomError
from runtime_core.js.functions import JsFunction
from runtime_core.js.host_fetch import FetchFailedError, FetchReply
from runtime_core.js.operators import to_boolean, to_integer, to_string
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_blob import JsBlob, decode_text
from runtime_core.js.web_body import BodyInit, extract
from runtime_core.js.web_class import WebClass, WebObject, require_arguments
from runtime_core.js.web_fetch import Outcome, data_reply, host_request, perform
from runtime_core.js.web_headers import JsHeaders
from runtime_core.js.web_request import JsRequest, new_request

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

UNSENT, OPENED, HEADERS_RECEIVED, LOADING, DONE = range(5)
_STATES: Final = {"UNSENT": 0, "OPENED": 1, "HEADERS_RECEIVED": 2, "LOADING": 3, "DONE": 4}
_RESPONSE_TYPES: Final = ("", "arraybuffer", "blob", "document", "json", "text")
_MAX_LISTENERS: Final = 1_000


def _throw(name: str, message: str) -> None:
    raise JsThrow(DomError(message, name))


class JsXhr(WebObject):
    """An XMLHttpRequest."""

    __slots__ = (
        "_aborted",
        "_body",
        "_listeners",
        "_request",
        "_sending",
        "_synchronous",
        "reply",
        "response_type",
        "state",
        "timeout",
        "with_credentials",
    )

    class_name: ClassVar[str] = "XMLHttpRequest"
    type_tag: ClassVar[str] = "XMLHttpRequest"

    def __init__(self, host: JsHost) -> None:
        super().__init__(host)
        self.state = UNSENT
        self.reply: FetchReply | None = None
        self.response_type = ""
        self.timeout = 0
        self.with_credentials = False
        self._request: JsRequest | None = None
        self._synchronous = False
        self._sending = False
        self._aborted = False
        self._listeners: list[tuple[str, JsFunction]] = []

    # ---- before sending

    def open(self, *args: JsValue) -> JsValue:
        """``open(method, url, async, user, password)``."""
        require_arguments("XMLHttpRequest.open", args, 2)
        url = to_string(args[1])
        try:
            parsed = ada_url.URL(url.encode("utf-8", "replace").decode())
        except ValueError:
            _throw("SyntaxError", f"Failed to execute 'open' on 'XMLHttpRequest': Invalid URL {url[:1000]}")
        parsed.username = parsed.password = ""
        options = JsObject({"method": to_string(args[0])})
        self._request = new_request(self.host, parsed.href, options)
        self._synchronous = len(args) > 2 and args[2] is not UNDEFINED and not to_boolean(args[2])
        self.reply = None
        self._sending = self._aborted = False
        self.state = OPENED
        self.dispatch("readystatechange")
        return UNDEFINED

    def set_header(self, *args: JsValue) -> JsValue:
        """``setRequestHeader(name, value)``."""
        require_arguments("XMLHttpRequest.setRequestHeader", args, 2)
        self._opened("setRequestHeader").headers.change("append", args[0], args[1])
        return UNDEFINED

    def _opened(self, where: str) -> JsRequest:
        if self.state != OPENED or self._sending or self._request is None:
            message = f"Failed to execute '{where}' on 'XMLHttpRequest': The object's state must be OPENED."
            raise JsThrow(DomError(message, "InvalidStateError"))
        return self._request

    # ---- sending

    def send(self, body: JsValue = UNDEFINED) -> JsValue:
        """``send(body)``."""
        request = self._opened("send")
        content = BodyInit() if request.method in ("GET", "HEAD") else extract(body)
        if content.content_type is not None and request.headers.list.get("content-type") is None:
            request.headers.list.append("content-type", content.content_type)
        self._sending = True
        if request.url.startswith("data:"):
            reply = data_reply(request.url)
            outcome: Outcome = FetchFailedError("invalid data URL") if reply is None else reply
            self._take(outcome, lambda: self._later(outcome))
            return UNDEFINED
        sent = host_request(request, content.data, lambda: self._aborted)
        if self._synchronous:
            self._finish_synchronous(perform(self.host, sent))
        elif self.host.fetch is None:
            self._later(perform(self.host, sent))
        else:
            self.dispatch("loadstart")
            self.host.fetches.start(sent, self._settle)
        return UNDEFINED

    def _take(self, outcome: Outcome, later: Callable[[], None]) -> None:
        if self._synchronous:
            self._finish_synchronous(outcome)
        else:
            later()

    def _later(self, outcome: Outcome) -> None:
        self.host.loop.schedule(lambda: self._settle(outcome))

    def _finish_synchronous(self, outcome: Outcome) -> None:
        self.state = DONE
        self._sending = False
        if isinstance(outcome, FetchFailedError):
            text = f"Failed to execute 'send' on 'XMLHttpRequest': {outcome}"
            raise JsThrow(DomError(text, "NetworkError"))
        self.reply = outcome

    def _settle(self, outcome: Outcome) -> None:
        if self._aborted:
            return
        self._sending = False
        failed = isinstance(outcome, FetchFailedError)
        if not isinstance(outcome, FetchFailedError):
            self.reply = outcome
            for state in (HEADERS_RECEIVED, LOADING):
                self.state = state
                self.dispatch("readystatechange")
        self.state = DONE
        self.dispatch("readystatechange")
        self.dispatch("error" if failed else "load")
        self.dispatch("loadend")

    def abort(self) -> JsValue:
        """``abort()``."""
        if self._sending:
            self._aborted = True
            self._sending = False
            self.state = DONE
            for event in ("readystatechange", "abort", "loadend"):
                self.dispatch(event)
        if self.state == DONE:
            self.state = UNSENT
        self.reply = None
        return UNDEFINED

    # ---- the answer

    def response(self) -> JsValue:
        """The ``response`` property."""
        if self.response_type in ("", "text"):
            return self.text()
        if self.state != DONE or self.reply is None:
            return None
        data = self.reply.body
        if self.response_type == "arraybuffer":
            return JsArrayBuffer(bytearray(data))
        if self.response_type == "blob":
            return JsBlob(self.host, data, self._headers().list.get("content-type") or "")
        if self.response_type == "json":
            try:
                return json_text.parse(decode_text(data))
            except JsThrow:
                return None
        return None

    def text(self) -> str:
        """The ``responseText`` property."""
        if self.response_type not in ("", "text"):
            _throw(
                "InvalidStateError",
                "Failed to read the 'responseText' property from 'XMLHttpRequest': The value is only accessible if the "
                f"object's 'responseType' is '' or 'text' (was '{self.response_type}').",
            )
        return "" if self.reply is None or self.state < LOADING else decode_text(self.reply.body)

    def _headers(self) -> JsHeaders:
        return JsHeaders(self.host, self.reply.headers if self.reply is not None else ())

    def all_headers(self) -> JsValue:
        """``getAllResponseHeaders()``."""
        lines = (f"{name}: {value}\r\n" for name, value in self._headers().list.sorted() if name != "set-cookie")
        return "".join(lines)

    def header(self, *args: JsValue) -> JsValue:
        """``getResponseHeader(name)``."""
        require_arguments("XMLHttpRequest.getResponseHeader", args, 1)
        name = to_string(args[0])
        return None if name.lower() == "set-cookie" else self._headers().list.get(name)

    def set_response_type(self, value: JsValue) -> None:
        """``responseType = value``."""
        kind = to_string(value)
        if self._synchronous and self.state == OPENED and kind:
            _throw(
                "InvalidAccessError",
                "Failed to set the 'responseType' property on 'XMLHttpRequest': The response type cannot be changed "
                "for synchronous requests made from a document.",
            )
        if kind in _RESPONSE_TYPES:
            self.response_type = kind

    # ---- events

    def dispatch(self, kind: str) -> None:
        """Call ``on<kind>`` and the listeners."""
        event = JsObject({"type": kind, "target": self, "currentTarget": self})
        handler = self.get(f"on{kind}")
        for listener in (handler, *(function for name, function in list(self._listeners) if name == kind)):
            if isinstance(listener, JsFunction):
                try:
                    listener.call(self, (event,))
                except JsThrow as thrown:
                    self.host.report(thrown.value)

    def listen(self, kind: JsValue, listener: JsValue) -> JsValue:
        """``addEventListener(type, listener)``."""
        entry = (to_string(kind), listener)
        if isinstance(listener, JsFunction) and entry not in self._listeners and len(self._listeners) < _MAX_LISTENERS:
            self._listeners.append((entry[0], listener))
        return UNDEFINED

    def unlisten(self, kind: JsValue, listener: JsValue) -> JsValue:
        """``removeEventListener(type, listener)``."""
        name = to_string(kind)
        self._listeners = [entry for entry in self._listeners if entry[0] != name or entry[1] is not listener]
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "readyState": lambda this: this.state,
        "response": lambda this: this.response(),
        "responseText": lambda this: this.text(),
        "responseType": lambda this: this.response_type,
        "responseURL": lambda this: "" if this.reply is None else this.reply.url.partition("#")[0],
        "responseXML": lambda this: None,
        "status": lambda this: 0 if this.reply is None else this.reply.status,
        "statusText": lambda this: "" if this.reply is None else this.reply.reason,
        "timeout": lambda this: this.timeout,
        "withCredentials": lambda this: this.with_credentials,
        **{name: lambda this, value=value: value for name, value in _STATES.items()},
    }
    SETTERS: ClassVar[Mapping[PropertyKey, Callable[..., object]]] = {
        "responseType": lambda this, value: this.set_response_type(value),
        "timeout": lambda this, value: setattr(this, "timeout", to_integer(value)),
        "withCredentials": lambda this, value: setattr(this, "with_credentials", to_boolean(value)),
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "open": lambda this, *args: this.open(*args),
        "setRequestHeader": lambda this, *args: this.set_header(*args),
        "send": lambda this, body: this.send(body),
        "abort": lambda this: this.abort(),
        "getAllResponseHeaders": lambda this: this.all_headers(),
        "getResponseHeader": lambda this, *args: this.header(*args),
        "overrideMimeType": lambda this, mime: UNDEFINED,
        "addEventListener": lambda this, kind, listener: this.listen(kind, listener),
        "removeEventListener": lambda this, kind, listener: this.unlisten(kind, listener),
    }


def xhr_class(host: JsHost) -> JsValue:
    """``XMLHttpRequest``."""
    made = WebClass(JsXhr, lambda *_: JsXhr(host))
    for name, value in _STATES.items():
        made.set(name, value)
    return made
