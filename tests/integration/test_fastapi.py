"""A FastAPI worker with pydantic, its library linked into the code image: lock, build, dedicate, restore, serve."""

from __future__ import annotations

import json

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import ReleaseOptions, build_release, build_release_on
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.web import Request
from tests.bench.dedicated import REQUIREMENTS

pytestmark = pytest.mark.boot

_WORKER = """
from contextlib import asynccontextmanager

from fastapi import FastAPI, Header
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from shared import PREFIX


@asynccontextmanager
async def lifespan(app):
    app.state.started = True
    yield


app = FastAPI(lifespan=lifespan)


class Item(BaseModel):
    name: str
    price: float


@app.post(PREFIX + "/items")
async def create(item: Item, x_user: str = Header("nobody")) -> dict:
    return {"item": item.model_dump(), "user": x_user, "started": app.state.started}


@app.get("/sync/{number}")
def sync(number: int):
    return number * 2


@app.get("/stream")
async def stream():
    async def parts():
        for part in ("a", "b"):
            yield part

    return StreamingResponse(parts(), media_type="text/plain")
"""


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    cache = BuildCache(default_cache_root())
    lock = lock_requirements(REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    packages = cache.root / "bench-release-fastapi"
    build_release(
        DEFAULT_VERSION, packages, cache=cache, timeline=Timeline(), lock=lock, imports=("fastapi", "pydantic")
    )
    files = {"worker.py": _WORKER.encode(), "shared/__init__.py": b"PREFIX = '/api'\n"}
    output = cache.root / "test-release-fastapi-worker"
    options = ReleaseOptions(worker=WorkerBundle(main="worker.py", files=files))
    build_release_on(LocalRelease.open(packages), output, cache=cache, timeline=Timeline(), options=options)
    return Runtime.load(LocalRelease.open(output), state_directory=cache.root)


def test_it_serves(runtime: Runtime) -> None:
    with Isolate(runtime, IsolateOptions()) as isolate:
        headers = (("content-type", "application/json"), ("x-user", "me"))
        post = Request(url="http://h/api/items", method="POST", headers=headers, body=b'{"name": "a", "price": "1.5"}')
        answer = isolate.asgi(post)
        assert answer.status == 200
        assert json.loads(answer.body) == {"item": {"name": "a", "price": 1.5}, "user": "me", "started": True}
        assert dict(answer.headers)["content-type"] == "application/json"
        wrong = isolate.asgi(Request(url="http://h/api/items", method="POST", headers=headers, body=b'{"name": 1}'))
        assert wrong.status == 422
        assert {item["type"] for item in json.loads(wrong.body)["detail"]} == {"string_type", "missing"}
        assert isolate.asgi(Request(url="http://h/sync/21")).body == b"42"
        assert isolate.asgi(Request(url="http://h/stream")).body == b"ab"
        assert isolate.asgi(Request(url="http://h/absent")).status == 404
        assert isolate.asgi(Request(url="http://h/openapi.json")).status == 200


def test_the_builds_own_exercise_left_nothing_behind(runtime: Runtime) -> None:
    """What the runtime runs to warm FastAPI up is no route, no context and no lifespan of the worker's isolates."""
    with Isolate(runtime, IsolateOptions()) as isolate:
        isolate.run(
            "import fastapi.routing, worker, _runtime_core_web as web\n"
            "assert web._lifespans == {}\n"
            "known = {id(route.endpoint) for route in worker.app.routes if hasattr(route, 'endpoint')}\n"
            "assert set(fastapi.routing._endpoint_context_cache) <= known\n"
        )
