"""A worker written for Cloudflare's SDK, the real one from the package index, in a dedicated release."""

from __future__ import annotations

import json

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.web import Request
from tests.bench.dedicated import REQUIREMENTS

pytestmark = pytest.mark.boot

_SDK = "workers-runtime-sdk==1.9.5"
_WORKER = """
import json

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = await request.text()
        return Response(json.dumps([request.method, request.headers["x-user"], text]), status=201, headers={"x-a": "1"})
"""


_FASTAPI = """
import asyncio

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from workers import WorkerEntrypoint

finished = []


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        import asgi

        return await asgi.fetch(app, request, self.env)


app = FastAPI()


class Item(BaseModel):
    name: str
    price: float | None = None


@app.get("/")
async def root():
    return {"message": "Hello, World!"}


@app.get("/env")
async def env(req: Request):
    env = req.scope["env"]
    return {"message": f"a variable: {env.MESSAGE}", "list": env.LIST.to_py()}


@app.post("/items/")
async def create_item(item: Item):
    return item


@app.get("/stream")
async def stream():
    async def chunks():
        for number in range(20):
            await asyncio.sleep(0)
            yield f"{number:04}" * 500
        finished.append("stream")

    return StreamingResponse(chunks(), media_type="text/plain", headers={"x-a": "1"})


@app.get("/missing")
async def missing():
    raise HTTPException(404, "no such thing")


@app.get("/raises")
async def raises():
    raise RuntimeError("in the handler")


@app.get("/breaks")
async def breaks():
    async def chunks():
        yield "first;"
        raise RuntimeError("in the stream")

    return StreamingResponse(chunks(), media_type="text/plain")


@app.get("/empty", status_code=204)
async def empty():
    return None
"""


def build(name: str, source: str, requirements: tuple[str, ...]) -> Runtime:
    """A dedicated release with packages from the index, loaded."""
    cache = BuildCache(default_cache_root())
    lock = lock_requirements(requirements, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    output = cache.root / name
    worker = WorkerBundle(main="worker.py", files={"worker.py": source.encode()})
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), lock=lock, worker=worker)
    return Runtime.load(LocalRelease.open(output), state_directory=cache.root)


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return build("test-release-sdk", _WORKER, (_SDK,))


@pytest.fixture(scope="module")
def fastapi() -> Runtime:
    return build("test-release-sdk-fastapi", _FASTAPI, (_SDK, *REQUIREMENTS))


def test_its_requests_and_responses(runtime: Runtime) -> None:
    with Isolate(runtime) as isolate:
        request = Request(url="http://h/", method="POST", headers=(("x-user", "me"),), body=b"text")
        answer = isolate.fetch(request)
        assert (answer.status, json.loads(answer.body)) == (201, ["POST", "me", "text"])
        assert dict(answer.headers)["x-a"] == "1"


def test_an_application_of_fastapi(fastapi: Runtime) -> None:
    output: list[bytes] = []
    env = {"MESSAGE": "from the host", "LIST": [1, {"a": "b"}]}
    with Isolate(fastapi, IsolateOptions(env=env, stdout=output.append, stderr=output.append)) as isolate:

        def get(path: str) -> tuple[int, bytes]:
            answer = isolate.fetch(Request(url=f"http://h{path}"))
            return answer.status, answer.body

        assert get("/") == (200, b'{"message":"Hello, World!"}')
        assert get("/env") == (200, b'{"message":"a variable: from the host","list":[1,{"a":"b"}]}')
        assert get("/stream") == (200, "".join(f"{number:04}" * 500 for number in range(20)).encode())
        assert isolate.evaluate("__import__('worker').finished") == ["stream"]
        assert get("/missing") == (404, b'{"detail":"no such thing"}')
        assert get("/nowhere") == (404, b'{"detail":"Not Found"}')
        assert get("/empty") == (204, b"")
        assert output == []
        assert get("/raises") == (500, b"Internal Server Error")
        assert b"RuntimeError: in the handler" in b"".join(output)
        assert get("/breaks") == (200, b"first;")
        assert b"RuntimeError: in the stream" in b"".join(output)
        json_headers = (("content-type", "application/json"),)
        request = Request(url="http://h/items/", method="POST", headers=json_headers, body=b'{"name": "a", "price": 1}')
        assert json.loads(isolate.fetch(request).body) == {"name": "a", "price": 1.0}
        request = Request(url="http://h/items/", method="POST", headers=json_headers, body=b'{"name": 1}')
        assert isolate.fetch(request).status == 422
