"""``Request`` (Fetch standard, section 5.4)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

import ada_url

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_type_error
from runtime_core.js.operators import to_boolean, to_string
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_body import BODY_GETTERS, BODY_METHODS, BodyInit, JsBody, extract
from runtime_core.js.web_class import WebClass, require_arguments
from runtime_core.js.web_headers import JsHeaders, byte_string, fill

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_URL: Final = 1 << 20
"""Characters of a URL."""
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NORMALIZED: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"))
_FORBIDDEN: Final = frozenset(("CONNECT", "TRACE", "TRACK"))
_CHOICES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "cache": ("default", ("default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached")),
    "credentials": ("same-origin", ("omit", "same-origin", "include")),
    "mode": ("cors", ("navigate", "same-origin", "no-cors", "cors")),
    "redirect": ("follow", ("follow", "manual", "error")),
    "referrerPolicy": (
        "",
        (
            "",
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ),
    ),
}
"""Members of ``RequestInit`` with their default and their values."""


def parse_url(text: str) -> ada_url.URL:
    """A URL as the URL standard reads it.

    Raises:
        JsThrow: TypeError where it is none.
    """
    if len(text) <= MAX_URL:
        try:
            return ada_url.URL(text.encode("utf-8", "replace").decode())
        except ValueError:
            pass
    cause = JsError("TypeError", "Invalid URL")
    cause.set("code", "ERR_INVALID_URL")
    raise JsThrow(JsError("TypeError", f"Failed to parse URL from {text[:1000]}", cause=cause))


class JsRequest(JsBody):
    """A Request."""

    __slots__ = ("choices", "method", "signal", "url")

    class_name: ClassVar[str] = "Request"
    type_tag: ClassVar[str] = "Request"

    def __init__(
        self, host: JsHost, url: str, method: str, headers: JsHeaders, body: BodyInit, choices: Mapping[str, JsValue]
    ) -> None:
        super().__init__(host, body, headers)
        self.url = url
        self.method = method
        self.choices = choices
        self.signal: JsValue = UNDEFINED

    def get_signal(self) -> JsValue:
        """The ``signal`` property; made when there was none."""
        if self.signal is UNDEFINED:
            controller = self.host.globals.get("AbortController")
            if isinstance(controller, JsObject) and hasattr(controller, "construct"):
                made = controller.construct(())
                self.signal = made.get("signal")
        return self.signal

    def clone(self) -> JsRequest:
        """``request.clone()``."""
        body = self.copied_body("Request.clone")
        copy = JsRequest(
            self.host, self.url, self.method, JsHeaders(self.host, self.headers.list.entries), body, self.choices
        )
        copy.signal = self.signal
        return copy

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **BODY_GETTERS,
        "url": lambda this: this.url,
        "method": lambda this: this.method,
        "signal": lambda this: this.get_signal(),
        "destination": lambda this: "",
        "duplex": lambda this: "half",
        "isHistoryNavigation": lambda this: False,
        "isReloadNavigation": lambda this: False,
        "referrer": lambda this: "about:client",
        **{key: lambda this, key=key: this.choices[key] for key in (*_CHOICES, "integrity", "keepalive")},
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **BODY_METHODS,
        "clone": lambda this: this.clone(),
    }


def _method(value: JsValue) -> str:
    method = byte_string(value)
    if not _TOKEN.fullmatch(method):
        throw_type_error(f"'{method}' is not a valid HTTP method.")
    if method.upper() in _FORBIDDEN:
        throw_type_error(f"'{method}' HTTP method is unsupported.")
    return method.upper() if method.upper() in _NORMALIZED else method


def _choices(init: JsObject, base: Mapping[str, JsValue]) -> dict[str, JsValue]:
    result = dict(base)
    for key, (_, values) in _CHOICES.items():
        given = init.get(key)
        if given is UNDEFINED:
            continue
        text = to_string(given)
        if text not in values:
            throw_type_error(f"undefined: {text} is not an accepted type. Expected one of {', '.join(values)}.")
        if key == "mode" and text == "navigate":
            throw_type_error("Request constructor: invalid request mode navigate.")
        result[key] = text
    for key, convert in (("integrity", to_string), ("keepalive", to_boolean)):
        given = init.get(key)
        if given is not UNDEFINED:
            result[key] = convert(given)
    return result


_DEFAULTS: Final[Mapping[str, JsValue]] = {
    **{key: default for key, (default, _) in _CHOICES.items()},
    "integrity": "",
    "keepalive": False,
}


def new_request(host: JsHost, source: JsValue, options: JsValue = UNDEFINED) -> JsRequest:
    """``new Request(source, options)``."""
    if options is not UNDEFINED and options is not None and not isinstance(options, JsObject):
        throw_type_error(f"undefined: Expected {to_string(options)} to be one of: Null, Undefined, Object.")
    init = options if isinstance(options, JsObject) else JsObject()
    old = source if isinstance(source, JsRequest) else None
    url = old.url if old is not None else _address(to_string(source))
    choices = _choices(init, _DEFAULTS if old is None else old.choices)
    given = init.get("method")
    method = _method(given) if given is not UNDEFINED else "GET" if old is None else old.method
    headers = JsHeaders(host)
    if init.get("headers") is not UNDEFINED:
        fill(headers, init.get("headers"))
    elif old is not None:
        headers.list.entries = list(old.headers.list.entries)
    request = JsRequest(host, url, method, headers, _body(init, old, method), choices)
    signal = init.get("signal")
    request.signal = _checked_signal(signal) if signal is not UNDEFINED else UNDEFINED if old is None else old.signal
    return request


def _address(text: str) -> str:
    url = parse_url(text)
    if url.username or url.password:
        throw_type_error(f"Request cannot be constructed from a URL that includes credentials: {text[:1000]}")
    return url.href


def _body(init: JsObject, old: JsRequest | None, method: str) -> BodyInit:
    given = init.get("body")
    body = extract(given)
    if method in ("GET", "HEAD") and (not body.is_null or (old is not None and not old.is_null and given is UNDEFINED)):
        throw_type_error("Request with GET/HEAD method cannot have body.")
    if body.stream is not None and init.get("duplex") is UNDEFINED:
        throw_type_error("RequestInit: duplex option is required when sending a body.")
    if not body.is_null or old is None or old.is_null:
        return body
    if not old.usable:
        throw_type_error("Cannot construct a Request with a Request object that has already been used.")
    return old.take_body()


def _checked_signal(signal: JsValue) -> JsValue:
    if signal is None:
        return UNDEFINED
    if not isinstance(signal, JsObject) or signal.class_name != "AbortSignal":
        throw_type_error("Failed to construct 'Request': member signal is not of type AbortSignal.")
    return signal


def request_class(host: JsHost) -> JsValue:
    """``Request``."""

    def construct(*args: JsValue) -> JsValue:
        require_arguments("Request constructor", args, 1)
        return new_request(host, *args[:2])

    return WebClass(JsRequest, construct, inner_name="_Request")
