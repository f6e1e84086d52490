"""Requests and responses as plain values."""

from __future__ import annotations

import pytest

from runtime_core.web import Headers, Request, Response
from schemas.errors import ConfigError, WorkerError


def test_a_request_as_asgi_has_it() -> None:
    request = Request(
        url="https://user@example.test:8443/a%20b/c?x=1&y=%20",
        method="post",
        headers=(("X-One", "1"),),
        body=b"text",
        client=("192.0.2.1", 5),
    )
    assert request.to_asgi() == [
        "POST",
        "https",
        "/a b/c",
        "/a%20b/c",
        "x=1&y=%20",
        [["host", "example.test:8443"], ["X-One", "1"]],
        b"text",
        ["example.test", 8443],
        ["192.0.2.1", 5],
    ]
    assert Request(url="http://h").to_asgi()[2:5] == ["/", "/", ""]
    assert Request(url="http://h/", headers=(("HOST", "other"),)).to_asgi()[5] == [["HOST", "other"]]


@pytest.mark.parametrize(
    ("url", "method", "headers", "reason"),
    [
        ("/path", "GET", (), "not absolute"),
        ("ftp://h/", "GET", (), "another scheme"),
        ("http:///path", "GET", (), "no host"),
        ("http://h:99999/", "GET", (), "no port"),
        ("http://h/\u00e9", "GET", (), "not encoded"),
        ("http://[h/", "GET", (), "half an IPv6 address"),
        ("http://h/", "", (), "no method"),
        ("http://h/", "GE T", (), "a space in the method"),
        ("http://h/", "GET", (("a:b", "c"),), "a colon in a name"),
        ("http://h/", "GET", (("", "c"),), "no name"),
        ("http://h/", "GET", (("a", "c\r\nd: e"),), "a second header inside"),
        ("http://h/", "GET", (("a", "\u20ac"),), "beyond Latin-1"),
        ("http://h/", "GET", (("\u00e9", "x"),), "a name beyond ASCII"),
    ],
)
def test_refuses_requests(url: str, method: str, headers: Headers, reason: str) -> None:
    with pytest.raises(ConfigError):
        Request(url=url, method=method, headers=headers)
    assert reason


def test_a_response_of_the_guest() -> None:
    assert Response.from_guest([204, [["a", "b"]], b""]) == Response(status=204, headers=(("a", "b"),))
    assert Response.from_guest([200, [], "\xff\x00a"]).body == b"\xff\x00a"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "nothing"),
        ([200, []], "too short"),
        (["200", [], b""], "status as text"),
        ([99, [], b""], "no such status"),
        ([200, [["a"]], b""], "half a header"),
        ([200, [["a", 1]], b""], "a value that is no text"),
        ([200, [["a", "b"]] * 1025, b""], "too many headers"),
        ([200, [], "\u20ac"], "a body with a character that is no byte"),
        ([200, [], None], "no body"),
    ],
)
def test_refuses_responses(value: object, reason: str) -> None:
    with pytest.raises(WorkerError):
        Response.from_guest(value)
    assert reason
