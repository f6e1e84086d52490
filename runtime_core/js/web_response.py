"""``Response`` (Fetch standard, section 5.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js import json_text
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.host_fetch import FetchReply
from runtime_core.js.operators import to_integer, to_string
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_body import BODY_GETTERS, BODY_METHODS, BodyInit, JsBody, extract
from runtime_core.js.web_class import WebClass, require_arguments
from runtime_core.js.web_headers import JsHeaders, byte_string, fill
from runtime_core.js.web_request import parse_url

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_NULL_BODY: Final = (101, 204, 205, 304)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_REASON: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_STATUS: Final = range(200, 600)


class JsResponse(JsBody):
    """A Response."""

    __slots__ = ("kind", "redirected", "status", "status_text", "url")

    class_name: ClassVar[str] = "Response"
    type_tag: ClassVar[str] = "Response"

    def __init__(
        self, host: JsHost, body: BodyInit, headers: JsHeaders, *, status: int, status_text: str, kind: str = "default"
    ) -> None:
        super().__init__(host, body, headers)
        self.status = status
        self.status_text = status_text
        self.kind = kind
        self.url = ""
        self.redirected = False

    def clone(self) -> JsResponse:
        """``response.clone()``."""
        body = self.copied_body("Response.clone")
        headers = JsHeaders(self.host, self.headers.list.entries, immutable=self.headers.immutable)
        copy = JsResponse(self.host, body, headers, status=self.status, status_text=self.status_text, kind=self.kind)
        copy.url = self.url
        copy.redirected = self.redirected
        return copy

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **BODY_GETTERS,
        "ok": lambda this: 200 <= this.status < 300,
        "redirected": lambda this: this.redirected,
        "status": lambda this: this.status,
        "statusText": lambda this: this.status_text,
        "type": lambda this: this.kind,
        "url": lambda this: this.url,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **BODY_METHODS,
        "clone": lambda this: this.clone(),
    }


def network_response(host: JsHost, reply: FetchReply, *, has_body: bool = True) -> JsResponse:
    """The Response for an answer of the network."""
    headers = JsHeaders(host, reply.headers)
    body = BodyInit(reply.body) if has_body and reply.status not in _NULL_BODY else BodyInit()
    response = JsResponse(host, body, headers, status=reply.status, status_text=reply.reason, kind="basic")
    headers.immutable = True
    response.url = reply.url.partition("#")[0]
    response.redirected = reply.redirected
    return response


def _new_response(host: JsHost, body: BodyInit, options: JsValue) -> JsResponse:
    if options is not UNDEFINED and options is not None and not isinstance(options, JsObject):
        throw_type_error(f"Response constructor: Expected {to_string(options)} to be one of: Null, Undefined, Object.")
    init = options if isinstance(options, JsObject) else JsObject()
    given, text, fields = init.get("status"), init.get("statusText"), init.get("headers")
    status = 200 if given is UNDEFINED else to_integer(given) & 0xFFFF
    if status not in _STATUS:
        throw("RangeError", 'init["status"] must be in the range of 200 to 599, inclusive.')
    status_text = "" if text is UNDEFINED else byte_string(text)
    if not _REASON.fullmatch(status_text):
        throw_type_error("Invalid statusText")
    if not body.is_null and status in _NULL_BODY:
        throw_type_error(f"Response constructor: Invalid response status code {status}")
    headers = JsHeaders(host)
    if fields is not UNDEFINED:
        fill(headers, fields)
    return JsResponse(host, body, headers, status=status, status_text=status_text)


def _json(host: JsHost, args: tuple[JsValue, ...]) -> JsValue:
    require_arguments("Response.json", args, 1)
    text = json_text.stringify(args[0], UNDEFINED, UNDEFINED)
    if not isinstance(text, str):
        throw_type_error("Value is not JSON serializable")
    body = BodyInit(text.encode("utf-8", "replace"), None, "application/json")
    return _new_response(host, body, args[1] if len(args) > 1 else UNDEFINED)


def _redirect(host: JsHost, args: tuple[JsValue, ...]) -> JsValue:
    require_arguments("Response.redirect", args, 1)
    url = parse_url(to_string(args[0])).href
    status = to_integer(args[1], 302) if len(args) > 1 else 302
    if status not in _REDIRECTS:
        throw("RangeError", f"Invalid status code {status}")
    headers = JsHeaders(host, [("location", url)], immutable=True)
    return JsResponse(host, BodyInit(), headers, status=status, status_text="")


def response_class(host: JsHost) -> JsValue:
    """``Response``."""

    def construct(body: JsValue = UNDEFINED, init: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
        return _new_response(host, extract(body), init)

    def error() -> JsValue:
        headers = JsHeaders(host, immutable=True)
        return JsResponse(host, BodyInit(), headers, status=0, status_text="", kind="error")

    return WebClass(
        JsResponse,
        construct,
        inner_name="_Response",
        statics={
            "error": error,
            "json": lambda *args: _json(host, args),
            "redirect": lambda *args: _redirect(host, args),
        },
    )
