"""A worker written for Cloudflare's SDK, the real one from the package index, in a dedicated release."""

from __future__ import annotations

import json

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.lock import lock_requirements
from runtime_core.build.pins import DEFAULT_VERSION
from runtime_core.build.progress import Timeline
from runtime_core.build.release import build_release
from runtime_core.isolate import Isolate
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.release import LocalRelease
from runtime_core.runtime import Runtime
from runtime_core.web import Request

pytestmark = pytest.mark.boot

_REQUIREMENTS = ("workers-runtime-sdk==1.9.5",)
_WORKER = """
import json

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = await request.text()
        return Response(json.dumps([request.method, request.headers["x-user"], text]), status=201, headers={"x-a": "1"})
"""


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    cache = BuildCache(default_cache_root())
    lock = lock_requirements(_REQUIREMENTS, version=DEFAULT_VERSION, cache=cache, timeline=Timeline())
    output = cache.root / "test-release-sdk"
    worker = WorkerBundle(main="worker.py", files={"worker.py": _WORKER.encode()})
    build_release(DEFAULT_VERSION, output, cache=cache, timeline=Timeline(), lock=lock, worker=worker)
    return Runtime.load(LocalRelease.open(output), state_directory=cache.root)


def test_its_requests_and_responses(runtime: Runtime) -> None:
    with Isolate(runtime) as isolate:
        request = Request(url="http://h/", method="POST", headers=(("x-user", "me"),), body=b"text")
        answer = isolate.fetch(request)
        assert (answer.status, json.loads(answer.body)) == (201, ["POST", "me", "text"])
        assert dict(answer.headers)["x-a"] == "1"
