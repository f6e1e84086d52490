"""Exercises web frameworks before a capture, with an application of its own.

CPython rewrites code that runs for the first few times, and libraries fill caches. Done before the capture, all
isolates share it; else each pays for it in its first request.
"""

import contextlib
import sys

from _runtime_core_web import forget, prepare_application, serve

_TIMES = 12
_HEADERS = [["host", "localhost"], ["content-type", "application/json"]]
_done = set()


async def warm_up():
    """Exercise the frameworks that were imported, each once."""
    if "fastapi" in sys.modules and "fastapi" not in _done:
        _done.add("fastapi")
        with contextlib.suppress(Exception):  # another version may want other things: then requests pay as before
            await _warm_fastapi()


async def _warm_fastapi():
    import fastapi
    import fastapi.routing
    import pydantic

    class Item(pydantic.BaseModel):
        name: str
        price: float = 0.0
        tags: list[str] = []

    application = fastapi.FastAPI()

    @application.get("/")
    async def read():
        return {"key": ["value", 1, 1.5, None, True]}

    @application.post("/items")
    async def create(item: Item) -> Item:
        return item

    @application.get("/numbers/{number}")
    def numbers(number: int, q: str = "") -> dict[str, int]:
        return {"number": number}

    contexts = getattr(fastapi.routing, "_endpoint_context_cache", {})
    before = dict(contexts)
    try:
        prepare_application(application)
        for _ in range(_TIMES):
            for method, path, body in (
                ("GET", "/", b""),
                ("POST", "/items", b'{"name": "a", "price": "1.5", "tags": ["b"]}'),
                ("POST", "/items", b'{"price": "x"}'),
                ("GET", "/numbers/1", b""),
                ("GET", "/absent", b""),
            ):
                request = [method, "http", path, path, "q=1", _HEADERS, body, ["localhost", 80], None]
                await serve(application, request)
            await forget(application)  # it starts up again with the next request
    finally:
        await forget(application)
        contexts.clear()
        contexts.update(before)
